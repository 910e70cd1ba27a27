#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "client-sim/base/CEndpoint.h"
#include "client-sim/base/CEventLoop.h"
#include "client-sim/base/Process.h"
#include "client-sim/record/CFrameRecorder.h"
#include "client-sim/record/CProxyStream.h"
#include "misc/file/CFd.h"
#include "misc/thread/CClock.h"

namespace switchboard::sim {

// The command line of a proxy.
struct SProxyOptions {
  std::string listen;
  std::string server;
  std::string file;
  Nanoseconds duration{};  // 0: until a signal comes
  bool isQuiet = false;
};

// Stands between clients and a server: every byte goes through as it came, and every frame is recorded with its time.
// An end of a stream is passed on as an end, a reset as a reset; a slow receiver slows its sender down.
// Threads: the main thread, on one event loop. SIGINT, SIGTERM and SIGHUP, blocked for the life of the process, end it in order.
class CProxy {
 public:
  // Listens at once. Throws std::system_error, std::invalid_argument for an address.
  explicit CProxy(const SProxyOptions& options);
  ~CProxy();

  // HOST:PORT; tells the port when the system chose it.
  std::string Address() const { return CEndpoint::LocalTextOf(m_listener); }
  // Returns an EExitCode.
  int Execute();

 private:
  enum class ESide : uint8_t { kClient = 0, kServer = 1 };
  struct SPair;

  void Accept();
  void ListenAgain(bool isOn);
  void HandlePair(SPair& pair, ESide side, uint32_t events);
  void HandleSide(SPair& pair, ESide side, uint32_t events);
  // Returns false, and ends the pair, when the server can't be reached.
  bool HandleConnected(SPair& pair);
  void RefuseClient(SPair& pair, int error);
  // Tells the loop what the pair waits for, and ends it when both streams are over.
  void Settle(SPair& pair);
  void Watch(SPair& pair, ESide side, uint32_t events);
  void End(SPair& pair, bool withReset);
  std::string Table(Nanoseconds length) const;

  const SProxyOptions m_options;
  const CEndpoint m_server;
  const CClock m_clock{};
  CFrameRecorder m_recorder;
  CFd m_signals;
  CFd m_listener;
  CEventLoop m_loop{m_clock};
  CEventCallback m_onSignals{[this] { m_isStopping = TakeSignal(m_signals) || m_isStopping; }};
  CEventCallback m_onListener{[this] { Accept(); }};
  std::unordered_map<uint32_t, std::unique_ptr<SPair>> m_pairs;
  std::vector<std::byte> m_buffer;
  MonotonicTime m_start;
  bool m_isStopping = false;
  bool m_isListening = true;
  uint32_t m_accepted = 0;
  uint64_t m_connectFailures = 0;
  uint64_t m_lostFrames = 0;  // connections of which not all is in the record
  std::string m_connectError;
};

}  // namespace switchboard::sim
