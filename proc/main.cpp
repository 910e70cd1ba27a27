#include "logic/demo/CDemoLogic.h"
#include "proc/server/RunServer.h"

int main(int argc, char** argv) { return switchboard::RunServer<switchboard::CDemoLogic>(argc, argv); }
