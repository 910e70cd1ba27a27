// The commands about files; as those of Commands.h.
#pragma once

namespace switchboard::sim {

int GetCommand(int argc, char** argv);
int PutCommand(int argc, char** argv);
int ListCommand(int argc, char** argv);
int HashCommand(int argc, char** argv);

}  // namespace switchboard::sim
