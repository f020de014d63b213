// Never run: a program needs a main file, and the snippets only have to compile.
