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

namespace {

CSession SessionOf(const SThreadTrace& trace, uint32_t process) {
  return {process, trace.slot.load(std::memory_order_relaxed), trace.generation.load(std::memory_order_relaxed)};
}

std::string PeerOf(const SThreadTrace& trace) {
  std::array<uint64_t, 3> words;
  for (size_t i = 0; i < words.size(); ++i) words[i] = trace.peer[i].load(std::memory_order_relaxed);
  SPeer peer;
  std::memcpy(static_cast<void*>(&peer), words.data(), sizeof(peer));
  return peer.ToString();
}

void Forget(SThreadTrace& trace) {
  trace.packetBytes.store(0, std::memory_order_relaxed);
  trace.userCode.store(EUserCode::kNone, std::memory_order_relaxed);
}

}  // namespace

std::optional<STracedPacket> ReadPacket(const SNamedTrace& trace, uint32_t process) {
  const SThreadTrace& from = *trace.p_trace;
  const uint32_t packetBytes = from.packetBytes.load(std::memory_order_acquire);
  if (packetBytes < kHeaderBytes || packetBytes > kMaxPacketBytes) return std::nullopt;

  STracedPacket packet;
  packet.thread = trace.thread;
  packet.threadId = from.thread.load(std::memory_order_relaxed);
  packet.session = SessionOf(from, process);
  packet.peer = PeerOf(from);
  packet.packetBytes = packetBytes;
  const auto known = static_cast<ptrdiff_t>(std::min<size_t>(packetBytes, from.packet.size()));
  packet.bytes.assign(from.packet.begin(), from.packet.begin() + known);
  SPacketHeader header;
  std::memcpy(&header, packet.bytes.data(), sizeof(header));
  packet.msgCode = header.msgCode;
  return packet;
}

std::optional<STracedCode> ReadUserCode(const SNamedTrace& trace, uint32_t process) {
  const SThreadTrace& from = *trace.p_trace;
  const EUserCode code = from.userCode.load(std::memory_order_acquire);
  if (code == EUserCode::kNone || ToString(code).empty()) return std::nullopt;
  const bool hasSession = code != EUserCode::kJob && code != EUserCode::kOnLost;
  const std::string whose =
      hasSession ? fmt::format(" of {} (session {})", PeerOf(from), SessionOf(from, process).ToString()) : "";
  return STracedCode{code, from.thread.load(std::memory_order_relaxed),
                     fmt::format("{}{} in {}", ToString(code), whose, trace.thread)};
}

void ForgetPackets(SWorkerPage& page) {
  for (SThreadTrace* p_trace : {&page.ioTrace, &page.sendTrace, &page.recycleTrace, &page.heartTrace}) {
    Forget(*p_trace);
  }
  for (SThreadTrace& trace : page.workTrace) Forget(trace);
}

}  // namespace switchboard
