// slatool: checks, reports, explains. Everything happens in run(), so that tests can call it.
#include "exporter/tool/verbs.h"

int main(int argc, char** argv) { return exporter::tool::run(argc, argv); }
