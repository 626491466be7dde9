/* paraph doctor DIR: see its --help. */
#ifndef PARAPH_CLI_DOCTOR_H
#define PARAPH_CLI_DOCTOR_H

int doctor_main(int argc, char **argv);

#endif
