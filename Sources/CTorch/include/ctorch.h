// CTorch: the only code that sees libtorch. One header per area.
#ifndef CTORCH_H
#define CTORCH_H

#include "ct_autograd.h"
#include "ct_base.h"
#include "ct_distributed.h"
#include "ct_math.h"
#include "ct_memory.h"
#include "ct_nn.h"
#include "ct_optim.h"
#include "ct_probe.h"
#include "ct_quant.h"
#include "ct_tensor.h"

#endif
