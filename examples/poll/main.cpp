// A server of nothing but a poll, to show how a logic takes a module: with one line.
#include "CPoll.h"

class CPollServer : public switchboard::CLogic {
 public:
  CPollServer() { Use<CPoll>(); }
};

int main(int argc, char** argv) { return switchboard::RunServer<CPollServer>(argc, argv); }
