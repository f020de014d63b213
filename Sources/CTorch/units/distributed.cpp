// Stores and collectives of several processes: alone, because c10d's headers include all operations.
#include "../distributed.cpp"
#include "../store.cpp"
