#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/conn/CSession.h"
#include "net/wire/Counters.h"

namespace switchboard {

// A thread of a worker and its trace, which stays where it is.
struct SNamedTrace {
  std::string thread;  // "sb-work-3"
  bool isBusiness = false;
  const SThreadTrace* p_trace = nullptr;
};

// The threads of the worker whose page it is, `businessThreads` among them.
std::vector<SNamedTrace> TracesOf(const SWorkerPage& page, const std::vector<std::string>& businessThreads);

// A packet in the hands of a worker's thread.
struct STracedPacket {
  std::string thread;
  uint64_t threadId = 0;  // its pthread_t
  uint16_t msgCode = 0;
  CSession session;
  std::string peer;
  uint32_t packetBytes = 0;      // of the whole packet
  std::vector<std::byte> bytes;  // its first ones, header included

  // "msgCode 7 from 127.0.0.1:4711 (session 4:12:3)"
  std::string ToString() const;
};

// nullopt when the thread runs no handler; `process` is the number of the worker process. The page may be damaged by
// the crash: whatever is read makes sense, even if it isn't true.
std::optional<STracedPacket> ReadPacket(const SNamedTrace& trace, uint32_t process);

// What a worker's thread runs of the user's that is no packet's handler.
struct STracedCode {
  EUserCode code = EUserCode::kNone;
  uint64_t threadId = 0;
  std::string text;  // "OnDisconnect of 127.0.0.1:4711 (session 4:12:3) in sb-work-3"
};

// nullopt when the thread runs none; read with care, as a packet.
std::optional<STracedCode> ReadUserCode(const SNamedTrace& trace, uint32_t process);

// After the end of the page's worker. The next one may have fewer threads, which would not tidy up after these.
void ForgetPackets(SWorkerPage& page);

}  // namespace switchboard
