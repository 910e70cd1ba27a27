#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <vector>

#include "client-sim/base/CEndpoint.h"
#include "client-sim/base/CEventLoop.h"
#include "client-sim/base/CFileMapping.h"
#include "client-sim/base/CHistogram.h"
#include "client-sim/base/CSendBuffer.h"
#include "client-sim/record/CRecording.h"
#include "client-sim/record/CReplayConnection.h"
#include "client-sim/record/CReplyDiff.h"
#include "misc/file/CFd.h"
#include "misc/thread/CClock.h"

namespace switchboard::sim {

// The command line of a replay.
struct SReplayOptions {
  std::string file;
  std::string server;
  double speed = 1;            // 0: as fast as the server answers
  bool isDiff = false;         // replies that differ fail the replay
  std::set<uint16_t> ignored;  // message codes of which only the code is compared
  Nanoseconds patience = std::chrono::seconds(5);
  bool isQuiet = false;
};

// Plays a record against a server on one event loop. At a speed, each frame leaves at its recorded time divided by the
// speed, whatever the server does. Without one, it leaves as soon as its connection has the replies that it had in the
// record, and no more connections are open than were open there.
// Threads: the main thread. SIGINT, SIGTERM and SIGHUP, blocked for the life of the process, end a replay early but in order.
class CReplay final : public CReplayDriver {
 public:
  // Throws std::system_error, std::runtime_error when the file is no record, std::invalid_argument for the address.
  explicit CReplay(const SReplayOptions& options);

  // Returns an EExitCode.
  int Execute();

  const SDiffTally& Tally() const { return m_tally; }

 private:
  void Play();
  bool MayOpenNext();
  void Open(CReplayConnection& connection);
  void Continue(CReplayConnection& connection);
  // When something is to be done though nothing happens.
  MonotonicTime Deadline() const;
  void OnEvents(CReplayConnection& connection, uint32_t events) override;
  void OnTime(CReplayConnection& connection) override;
  bool HandleConnected(CReplayConnection& connection);
  static uint32_t EventsFor(const CReplayConnection& connection);
  void Close(CReplayConnection& connection, const std::string& why);
  void CloseAll(const std::string& why);
  bool IsTimeSettled() const { return m_timed == 0 && (m_pace.AwaitsReplies() || m_opened == m_connections.size()); }

  void HandleSignals();

  std::string Heading() const;
  std::string LiveLine() const;
  std::string Table() const;
  int ExitCode() const;

  const SReplayOptions m_options;
  const CEndpoint m_server;
  const CFileMapping m_file;
  const CRecording m_recording;
  const CClock m_clock{};
  CFd m_signals;
  CEventLoop m_loop{m_clock};
  CEventCallback m_onSignals{[this] { HandleSignals(); }};
  SPace m_pace;
  SDiffTally m_tally;
  std::deque<CReplayConnection> m_connections;
  CSendBuffer m_out;
  std::vector<std::byte> m_in;
  CHistogram m_lags;    // of frames behind their time
  size_t m_opened = 0;  // connections that were opened, in the recorded order
  size_t m_finished = 0;
  size_t m_timed = 0;        // connections that wait for the time of their next step
  MonotonicTime m_progress;  // when a connection last did anything
  MonotonicTime m_line;
  MonotonicTime m_end;
  uint64_t m_connectFailures = 0;
  std::string m_connectError;
  uint64_t m_sent = 0;  // of finished connections, as are the next two
  uint64_t m_received = 0;
  uint64_t m_unsent = 0;
};

}  // namespace switchboard::sim
