#include "logic/CDemoLogic.h"
#include "proc/master/RunServer.h"

int main(int argc, char** argv) { return switchboard::RunServer<switchboard::CDemoLogic>(argc, argv); }
