#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <queue>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "client-sim/base/CEndpoint.h"
#include "client-sim/base/CFileMapping.h"
#include "client-sim/base/CHistogram.h"
#include "client-sim/base/CSendBuffer.h"
#include "client-sim/record/CRecording.h"
#include "client-sim/record/CReplayConnection.h"
#include "client-sim/record/CReplyDiff.h"
#include "misc/CClock.h"
#include "misc/CFd.h"

namespace switchboard::sim {

// The command line of a replay.
struct SReplayOptions {
  std::string file;
  std::string server;
  double speed = 1;            // 0: as fast as the server answers
  bool isDiff = false;         // replies that differ fail the replay
  std::set<uint16_t> ignored;  // message codes of which only the code is compared
  uint64_t patienceNs = 5'000'000'000;
  bool isQuiet = false;
};

// Plays a record against a server on one epoll. At a speed, each frame leaves at its recorded time divided by the
// speed, whatever the server does. Without one, it leaves as soon as its connection has the replies that it had in the
// record, and no more connections are open than were open there.
// Threads: the main thread. SIGINT and SIGTERM, blocked for the life of the process, end a replay early but in order.
class CReplay {
 public:
  // Throws std::system_error, std::runtime_error when the file is no record, std::invalid_argument for the address.
  explicit CReplay(const SReplayOptions& options);

  // Returns an EExitCode.
  int Execute();

  const SDiffTally& Tally() const { return m_tally; }

 private:
  using Due = std::pair<uint64_t, size_t>;  // when, and which connection

  void Play();
  // Opens and continues what is due.
  void ContinueDue(uint64_t nowNs);
  bool MayOpenNext(uint64_t nowNs) const;
  void Open(size_t index);
  void Continue(size_t index, uint64_t nowNs);
  // Waits for sockets, signals, or the time at which something is due.
  void WaitAndHandle(uint64_t nowNs);
  uint64_t Deadline(uint64_t nowNs) const;
  void SetTimer(uint64_t deadlineNs);
  void HandleSocket(size_t index, uint32_t events);
  bool HandleConnected(size_t index);
  void Watch(size_t index, int operation);
  void Close(size_t index, const std::string& why);
  void CloseAll(const std::string& why);
  bool IsTimeSettled() const { return m_due.empty() && (m_pace.AwaitsReplies() || m_opened == m_connections.size()); }

  std::string Heading() const;
  std::string LiveLine(uint64_t nowNs) const;
  std::string Table() const;
  int ExitCode() const;

  const SReplayOptions m_options;
  const CEndpoint m_server;
  const CFileMapping m_file;
  const CRecording m_recording;
  const CClock m_clock{};
  CFd m_signals;
  CFd m_timer;
  CFd m_epoll;
  SPace m_pace;
  SDiffTally m_tally;
  std::deque<CReplayConnection> m_connections;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> m_due;
  CSendBuffer m_out;
  std::vector<std::byte> m_in;
  CHistogram m_lags;    // of frames behind their time
  size_t m_opened = 0;  // connections that were opened, in the recorded order
  size_t m_finished = 0;
  uint64_t m_progressNs = 0;  // when a connection last did anything
  uint64_t m_lineNs = 0;
  uint64_t m_timerNs = 0;
  uint64_t m_endNs = 0;
  uint64_t m_connectFailures = 0;
  std::string m_connectError;
  uint64_t m_sent = 0;  // of finished connections, as are the next two
  uint64_t m_received = 0;
  uint64_t m_unsent = 0;
};

}  // namespace switchboard::sim
