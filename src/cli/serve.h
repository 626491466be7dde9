/* paraph serve DIR: becomes paraphd. */
#ifndef PARAPH_CLI_SERVE_H
#define PARAPH_CLI_SERVE_H

int serve_main(int argc, char **argv);

#endif
