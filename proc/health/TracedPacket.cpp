#include "proc/health/TracedPacket.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "net/conn/CConnection.h"
#include "net/wire/Wire.h"

namespace switchboard {

std::vector<SNamedTrace> TracesOf(const SWorkerPage& page, const std::vector<std::string>& businessThreads) {
  std::vector<SNamedTrace> traces{{"sb-io", false, &page.ioTrace},
                                  {"sb-send", false, &page.sendTrace},
                                  {"sb-recycle", false, &page.recycleTrace},
                                  {"sb-heart", false, &page.heartTrace}};
  const size_t count = std::min(businessThreads.size(), page.workTrace.size());
  for (size_t i = 0; i < count; ++i) traces.push_back({businessThreads[i], true, &page.workTrace[i]});
  return traces;
}

std::string STracedPacket::ToString() const {
  return fmt::format("msgCode {} from {} (session {})", msgCode, peer, session.ToString());
}

std::optional<STracedPacket> ReadPacket(const SNamedTrace& trace, uint32_t process) {
  const SThreadTrace& from = *trace.p_trace;
  const uint32_t packetBytes = from.packetBytes.load(std::memory_order_acquire);
  if (packetBytes < kHeaderBytes || packetBytes > kMaxPacketBytes) return std::nullopt;

  std::array<uint64_t, 3> words;
  for (size_t i = 0; i < words.size(); ++i) words[i] = from.peer[i].load(std::memory_order_relaxed);
  SPeer peer;
  std::memcpy(static_cast<void*>(&peer), words.data(), sizeof(peer));

  STracedPacket packet;
  packet.thread = trace.thread;
  packet.threadId = from.thread.load(std::memory_order_relaxed);
  packet.session =
      CSession(process, from.slot.load(std::memory_order_relaxed), from.generation.load(std::memory_order_relaxed));
  packet.peer = peer.ToString();
  packet.packetBytes = packetBytes;
  const auto known = static_cast<ptrdiff_t>(std::min<size_t>(packetBytes, from.packet.size()));
  packet.bytes.assign(from.packet.begin(), from.packet.begin() + known);
  SPacketHeader header;
  std::memcpy(&header, packet.bytes.data(), sizeof(header));
  packet.msgCode = header.msgCode;
  return packet;
}

void ForgetPackets(SWorkerPage& page) {
  for (SThreadTrace* p_trace : {&page.ioTrace, &page.sendTrace, &page.recycleTrace, &page.heartTrace}) {
    p_trace->packetBytes.store(0, std::memory_order_relaxed);
  }
  for (SThreadTrace& trace : page.workTrace) trace.packetBytes.store(0, std::memory_order_relaxed);
}

}  // namespace switchboard
