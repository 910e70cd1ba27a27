#include <fmt/format.h>

#include <cstdio>
#include <exception>

#include "client-sim/command/Commands.h"
#include "client-sim/options/COptions.h"

int main(int argc, char** argv) {
  try {
    return switchboard::sim::Dispatch(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "client-sim: {}\n", error.what());
    return switchboard::sim::kExitUsage;
  }
}
