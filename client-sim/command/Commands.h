// The commands of the program: each reads its own command line, which begins with the command's name, and returns an
// EExitCode.
#pragma once

namespace switchboard::sim {

// The whole program: hands over to the command that is named first; without a name, it is a run.
int Dispatch(int argc, char** argv);

int RunCommand(int argc, char** argv);
int CompareCommand(int argc, char** argv);
int ProxyCommand(int argc, char** argv);
int ReplayCommand(int argc, char** argv);

}  // namespace switchboard::sim
