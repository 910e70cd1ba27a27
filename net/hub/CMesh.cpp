#include "net/hub/CMesh.h"

#include <array>
#include <cerrno>
#include <optional>
#include <system_error>

#include "net/conn/Notes.h"

namespace switchboard {

namespace {

constexpr uint64_t kInboxKey = 0;  // no process has this number
constexpr size_t kEvents = 64;
// Of one line in a row, before the others get their turn.
constexpr int kRecordsInARow = 64;
// In a row, before the lines are looked at.
constexpr uint32_t kRoundsOfNotes = 16;

}  // namespace

void CMesh::Start() {
  if (!m_epoll.Add(m_inbox.Fd(), EPOLLIN, kInboxKey)) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl on an eventfd");
  }
  m_thread = CThread("sb-hub", [this] { Run(); });
}

void CMesh::Stop() {
  if (!m_thread.IsJoinable()) return;
  m_inbox.Post(SQuit{});
  m_thread.Join();
}

void CMesh::Add(uint32_t process, CFd fd) {
  m_inbox.Post(SOpen{LinkTo(process), std::make_shared<CFd>(std::move(fd))});
}

void CMesh::Remove(uint32_t process) {
  {
    const CMutexLock lock(m_mutex);
    m_links.erase(process);
  }
  m_inbox.Post(SRemove{process});
}

bool CMesh::Send(uint32_t process, std::span<const std::byte> record, bool isDuty) {
  std::shared_ptr<CLink> p_link = LinkTo(process);
  const CLink::ESend sent = p_link->Send(record, m_queueBytes, isDuty);
  if (sent == CLink::ESend::kHandOver) m_inbox.Post(SWatch{std::move(p_link)});
  return sent != CLink::ESend::kDropped;
}

// One that the master hasn't told of yet has its line soon.
std::shared_ptr<CLink> CMesh::LinkTo(uint32_t process) {
  const CMutexLock lock(m_mutex);
  std::shared_ptr<CLink>& p_link = m_links[process];
  if (p_link == nullptr) p_link = std::make_shared<CLink>(process);
  return p_link;
}

void CMesh::Run() {
  std::array<epoll_event, kEvents> events;
  std::vector<Note> notes;
  for (uint32_t rounds = 0; !m_isQuitting; ++rounds) {
    m_inbox.Take(notes);
    for (const Note& note : notes) Handle(note);
    if (!notes.empty() && rounds % kRoundsOfNotes != 0) continue;
    const std::optional<MonotonicTime> deadline = notes.empty() ? std::nullopt : std::optional(MonotonicTime{});
    for (const epoll_event& event : m_epoll.Wait(events, deadline, MonotonicTime{})) {
      if (event.data.u64 == kInboxKey) {
        m_inbox.ClearSignal();
      } else {
        HandleEvent(event.data.u64, event.events);
      }
    }
  }
}

void CMesh::Handle(const Note& note) {
  std::visit(
      SOverloads{[&](const SOpen& open) {
                   CLink& link = *open.p_link;
                   const CLink::ESend sent = link.Open(std::move(*open.p_fd));
                   const uint32_t wanted = sent == CLink::ESend::kHandOver ? EPOLLIN | EPOLLOUT : EPOLLIN;
                   // Out of memory for it: as if the other one had died.
                   if (m_epoll.Add(link.Fd(), wanted, link.Process())) m_open[link.Process()] = open.p_link;
                 },
                 [&](const SWatch& watch) {
                   if (m_open.contains(watch.p_link->Process())) Watch(*watch.p_link, true);
                 },
                 [&](const SRemove& remove) { Forget(remove.process); }, [&](const SQuit&) { m_isQuitting = true; }},
      note);
}

void CMesh::HandleEvent(uint64_t process, uint32_t events) {
  const auto found = m_open.find(static_cast<uint32_t>(process));
  if (found == m_open.end()) return;
  const std::shared_ptr<CLink> p_link = found->second;
  if ((events & EPOLLOUT) != 0 && p_link->Resume() != CLink::ESend::kHandOver) Watch(*p_link, false);
  for (int i = 0; i < kRecordsInARow; ++i) {
    if (!p_link->Receive(m_record)) return Forget(p_link->Process());
    if (m_record.empty()) return;
    m_onRecord(p_link->Process(), m_record);
  }
}

void CMesh::Forget(uint32_t process) {
  const auto found = m_open.find(process);
  if (found == m_open.end()) return;
  m_epoll.Remove(found->second->Fd());
  m_open.erase(found);
  const CMutexLock lock(m_mutex);
  m_links.erase(process);
}

void CMesh::Watch(const CLink& link, bool isFull) {
  m_epoll.Modify(link.Fd(), isFull ? EPOLLIN | EPOLLOUT : EPOLLIN, link.Process());
}

}  // namespace switchboard
