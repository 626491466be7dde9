/* paraph ceremony: what the root, which does not run otherwise, must sign again from time to time. */
#ifndef PARAPH_CLI_RENEWAL_H
#define PARAPH_CLI_RENEWAL_H

int renewal_main(int argc, char **argv);

#endif
