#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "misc/file/CFd.h"
#include "misc/thread/CInbox.h"
#include "misc/thread/CMutex.h"
#include "misc/thread/CThread.h"
#include "net/conn/CEpoll.h"
#include "net/hub/CLink.h"

namespace switchboard {

// The lines to all other worker processes of the server, and the thread that reads them, sb-hub.
// Threads: as said at each method.
class CMesh {
 public:
  // What a record of another process asks for. Threads: sb-hub.
  using OnRecord = std::function<void(uint32_t process, std::span<const std::byte> record)>;

  // At most `queueBytes` wait for each of the others.
  CMesh(size_t queueBytes, OnRecord onRecord) : m_queueBytes(queueBytes), m_onRecord(std::move(onRecord)) {}

  // Throws std::system_error. Threads (these four): the worker's main thread.
  void Start();
  void Stop();
  // There is a line to that process.
  void Add(uint32_t process, CFd fd);
  // That process has died: what waits for it is dropped.
  void Remove(uint32_t process);

  // Sends a record to a process that lives; false when it is dropped. Threads: any.
  bool Send(uint32_t process, std::span<const std::byte> record, bool isDuty);

  // It was told nothing that it hasn't done, and no line has anything for it. Threads: any.
  bool IsIdle() { return m_inbox.IsAsleep() && !m_epoll.HasEvents(); }

 private:
  struct SOpen {
    std::shared_ptr<CLink> p_link;
    std::shared_ptr<CFd> p_fd;
  };
  struct SWatch {  // its socket is full
    std::shared_ptr<CLink> p_link;
  };
  struct SRemove {
    uint32_t process;
  };
  struct SQuit {};
  using Note = std::variant<SOpen, SWatch, SRemove, SQuit>;

  std::shared_ptr<CLink> LinkTo(uint32_t process);
  void Run();
  void Handle(const Note& note);
  void HandleEvent(uint64_t process, uint32_t events);
  void Forget(uint32_t process);
  void Watch(const CLink& link, bool isFull);

  const size_t m_queueBytes;
  const OnRecord m_onRecord;
  CInbox<Note> m_inbox;

  CMutex m_mutex;
  std::map<uint32_t, std::shared_ptr<CLink>> m_links GUARDED_BY(m_mutex);  // by process

  // sb-hub's
  CEpoll m_epoll;
  std::map<uint32_t, std::shared_ptr<CLink>> m_open;
  std::vector<std::byte> m_record;
  bool m_isQuitting = false;

  CThread m_thread;
};

}  // namespace switchboard
