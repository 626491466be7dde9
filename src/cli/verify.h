/* paraph verify: says who signed a PDF, when, whether it changed, and what that rests on. Works without a service. */
#ifndef PARAPH_CLI_VERIFY_H
#define PARAPH_CLI_VERIFY_H

/* 0 valid; 1 not valid, changed or empty; 2 cannot be decided; 64 used wrongly; 66 an input cannot be read. */
int verify_main(int argc, char **argv);

#endif
