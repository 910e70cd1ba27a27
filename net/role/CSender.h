#pragma once

#include <cstddef>
#include <span>

#include "misc/CBufferPool.h"
#include "misc/count/CTally.h"
#include "net/config/CConfig.h"
#include "net/conn/CCloser.h"
#include "net/conn/CConnectionPool.h"
#include "net/conn/CFlowControl.h"
#include "net/conn/Notes.h"
#include "net/role/CSendLoop.h"
#include "net/wire/Counters.h"

namespace switchboard {

// Writes to peers: at once, from the thread that has something for them; what can't go at once is left to sb-send, and
// what may have to wait for a disk to sb-file.
// Threads: Write and WriteFile by any; the rest by the worker's main thread.
class CSender {
 public:
  CSender(const SConfig& config, CConnectionPool& pool, CBufferPool& buffers, SInboxes& inboxes,
          const CFlowControl& flowControl, SWorkerPage& page);

  // Throws std::system_error.
  void Start();
  // It was told nothing that it hasn't done, but for what peers don't take. Threads: any.
  bool IsIdle() const { return m_send.IsIdle() && m_files.IsIdle(); }
  // Lets both threads finish their inboxes and joins them.
  void Stop();

  // Sends whole frames to life `generation` of the connection, in the order of the calls. False when it is gone or
  // (closed then) has more unsent than limits.send_queue_bytes. `tally` is the calling thread's. Where there is no
  // memory for what is unsent, the process ends: thrown through a handler, which may catch it, that would leave the
  // write half without an owner who knows of it.
  bool Write(CConnection& connection, uint32_t generation, std::span<const std::byte> frames,
             const CTally& tally) noexcept;
  // As Write, with a part of a file behind the bytes, which sendfile(2) sends as the peer takes it: what waits costs
  // memory only for its name. Nobody but sb-file waits for the file. A file that turns out to be shorter closes the
  // connection (file_changed).
  bool WriteFile(CConnection& connection, uint32_t generation, std::span<const std::byte> head, SFileRange range,
                 const CTally& tally) noexcept;

 private:
  bool WriteDirect(CConnection& connection, uint32_t generation, std::span<const std::byte> frames,
                   const CTally& tally);
  // A write of both by the owner of the write half; what is left of them is left to sb-send.
  bool WriteFileDirect(CConnection& connection, uint32_t generation, std::span<const std::byte> head, SFileRange& range,
                       const CTally& tally);
  bool Queue(CConnection& connection, uint32_t generation, std::span<const std::byte> frames, const CTally& tally);
  bool Queue(CConnection& connection, uint32_t generation, BlockPtr p_block, const CTally& tally);
  BlockPtr MakeBlock(std::span<const std::byte> bytes, size_t room = 0);
  void HandOver(const CSession& session, const CTally& tally);
  // Passes on what the end of a write has come to.
  void Finish(COutbox::EEnd end, const CSession& session, const CTally& tally);

  // constant after construction
  const EReplyPath m_path;
  const uint32_t m_queueLimit;
  CBufferPool& m_buffers;
  SInboxes& m_inboxes;
  CCloser m_closer;

  // the threads' own
  CSendLoop m_send;
  CSendLoop m_files;
};

}  // namespace switchboard
