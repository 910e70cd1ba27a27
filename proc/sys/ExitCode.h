#pragma once

namespace switchboard {

// What the programs of a server end with.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

// A worker that must not be replaced, because the next one would fail in the same way: a bad handler table, a logic
// whose OnWorkerStart refuses. The number is EX_CONFIG of sysexits.h.
inline constexpr int kExitDoNotRespawn = 78;

// A worker that cut its drain short, because it was told to or because its time was over.
// The number is EX_TEMPFAIL of sysexits.h.
inline constexpr int kExitCutShort = 75;

}  // namespace switchboard
