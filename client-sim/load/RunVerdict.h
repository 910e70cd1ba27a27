// What becomes of a run: its exit code, and why.
#pragma once

#include <cstdint>
#include <string>

#include "client-sim/load/RunResult.h"

namespace switchboard::sim {

void Fail(SRunResult& result, EExitCode exitCode, std::string verdict);
// The figures of the run are made of this phase: it is what was asked for, and nothing that led to it.
bool IsMeasured(const SRunResult& result, const SPhaseResult& phase);
// Judges a run whose ledger and phases are complete. `unopened` connections could not be opened again.
void Judge(SRunResult& result, uint64_t unopened);

}  // namespace switchboard::sim
