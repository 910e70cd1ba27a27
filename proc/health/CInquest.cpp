#include "proc/health/CInquest.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include "proc/sys/CSignals.h"

namespace switchboard {

namespace {

// Of a packet in the log. The password of a demo Login begins behind them.
constexpr size_t kLoggedBytes = 64;

// A process sends itself these by what it does; another one would have to mean it.
bool IsFault(int signal) {
  constexpr std::array kFaults{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
  return std::find(kFaults.begin(), kFaults.end(), signal) != kFaults.end();
}

std::string Hex(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes.first(std::min(bytes.size(), kLoggedBytes))) {
    text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  }
  return bytes.size() > kLoggedBytes ? text + "…" : text;
}

std::vector<SNamedTrace> AllTracesOf(const SWorkerPage& page, std::vector<std::string> businessThreads) {
  // The caller may not know them, or not all.
  for (size_t i = businessThreads.size(); i < SWorkerPage::kMaxBusinessThreads; ++i) {
    businessThreads.push_back(fmt::format("sb-work-{}", i));
  }
  return TracesOf(page, businessThreads);
}

}  // namespace

std::optional<STracedPacket> CInquest::Hold(const SWorkerPage& page, pid_t pid, int signal,
                                            const std::vector<std::string>& businessThreads) {
  const std::vector<STracedPacket> packets = PacketsIn(page, businessThreads);
  const uint64_t faultThread = page.faultThread.load(std::memory_order_relaxed);
  // Who asked for the last of it isn't to blame for the memory that the others have.
  const bool isOutOfMemory = page.lastWords.isOutOfMemory.load(std::memory_order_relaxed);
  const STracedPacket* p_culprit = isOutOfMemory ? nullptr : Blame(packets, signal, faultThread);
  const bool isAThreads = IsFault(signal) && faultThread != 0 && !isOutOfMemory;
  if (p_culprit == nullptr && isAThreads) ReportThread(page, signal, faultThread, businessThreads);
  // The culprit comes first, and the bystanders only as far as there is room.
  if (p_culprit != nullptr) Report(*p_culprit, page, pid, signal, true);
  const size_t most = CCrashFiles::kKept - 1;
  for (size_t i = 0; i < std::min(packets.size(), most); ++i) {
    if (&packets[i] != p_culprit) Report(packets[i], page, pid, signal, false);
  }
  return p_culprit == nullptr ? std::nullopt : std::optional(*p_culprit);
}

const STracedPacket* CInquest::Blame(const std::vector<STracedPacket>& packets, int signal, uint64_t faultThread) {
  if (!IsFault(signal)) return nullptr;
  const auto found = std::find_if(packets.begin(), packets.end(), [faultThread](const STracedPacket& packet) {
    return packet.threadId == faultThread && faultThread != 0;
  });
  return found != packets.end() ? &*found : nullptr;
}

std::vector<STracedPacket> CInquest::PacketsIn(const SWorkerPage& page, std::vector<std::string> businessThreads) {
  std::vector<STracedPacket> packets;
  const uint32_t process = page.process.load(std::memory_order_relaxed);
  for (const SNamedTrace& trace : AllTracesOf(page, std::move(businessThreads))) {
    if (auto packet = ReadPacket(trace, process)) packets.push_back(std::move(*packet));
  }
  return packets;
}

std::optional<STracedCode> CInquest::UserCodeOf(const SWorkerPage& page, uint64_t thread,
                                                std::vector<std::string> businessThreads) {
  const uint32_t process = page.process.load(std::memory_order_relaxed);
  for (const SNamedTrace& trace : AllTracesOf(page, std::move(businessThreads))) {
    auto code = ReadUserCode(trace, process);
    if (code && code->threadId == thread) return code;
  }
  return std::nullopt;
}

void CInquest::ReportThread(const SWorkerPage& page, int signal, uint64_t faultThread,
                            const std::vector<std::string>& businessThreads) {
  const std::optional<STracedCode> code = UserCodeOf(page, faultThread, businessThreads);
  // The master tells the end itself, and knows how grave it is.
  m_log.Warn("worker process {} was killed by {} in {}: no packet is to blame",
             page.slot.load(std::memory_order_relaxed), CSignals::Name(signal),
             code ? code->text : "a thread that ran no handler: the main one, or one of the logic's own");
}

void CInquest::Report(const STracedPacket& packet, const SWorkerPage& page, pid_t pid, int signal, bool isToBlame) {
  std::string file;
  try {
    file = "saved as " + m_files.Save(packet, pid, std::chrono::system_clock::now());
  } catch (const std::system_error& error) {
    file = std::string("not saved: ") + error.what();
  }
  const std::string whole = packet.bytes.size() == packet.packetBytes
                                ? ""
                                : fmt::format(" (the first {} of {} bytes)", packet.bytes.size(), packet.packetBytes);
  const uint32_t worker = page.slot.load(std::memory_order_relaxed);
  if (isToBlame) {
    m_log.Alert("worker process {} was killed by {} while handling {}: {}; {}{}", worker, CSignals::Name(signal),
                packet.ToString(), Hex(packet.bytes), file, whole);
  } else {
    m_log.Warn("worker process {} had in {} when {} killed it: {}: {}; {}{}", worker, packet.thread,
               CSignals::Name(signal), packet.ToString(), Hex(packet.bytes), file, whole);
  }
}

}  // namespace switchboard
