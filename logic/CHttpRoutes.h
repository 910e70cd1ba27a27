#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "logic/CHttpRequest.h"
#include "misc/CLog.h"
#include "net/http/CHttpPath.h"
#include "net/http/SHttpRequest.h"
#include "net/role/CTurn.h"
#include "net/site/CHttpSite.h"
#include "net/wire/Counters.h"

namespace switchboard {

class CLogic;
enum class Run : uint8_t;

// A request that waits in a turn for its route's answer.
struct SRouteTask {
  CTurn& turn;
  const SHttpRequest& request;
  const CHttpPath& path;
  uint16_t listener;
  bool isLast;  // the connection ends after the answer
};

// The routes of a logic: runs the handler of a request's path, and sends and counts what it answers.
// Threads: Add by the logic's constructor; Has by sb-io, Handle by sb-work-N; the deferred ones by any.
class CHttpRoutes {
 public:
  using Handler = bool (CLogic::*)(CHttpRequest&);

  explicit CHttpRoutes(CLogic& logic) : m_logic(logic) {}

  // Throws std::logic_error when it can't be a path, has a handler, or would run on sb-io.
  void Add(std::string_view path, Handler p_handler, Run run);
  bool IsEmpty() const { return m_table.empty(); }
  bool Has(std::string_view path) const { return m_table.find(path) != m_table.end(); }

  // Brings a posted request, as CHttpReceiver posts it, to its one outcome.
  void Handle(CTurn& turn, std::span<const std::byte> posted);
  // False when the connection takes nothing any more; counts `outcome`, or the discarding.
  bool Answer(const SRouteTask& task, const SHttpReply& reply, ECounter outcome);
  bool AnswerDeferred(const CDeferredHttpReply& deferred, const SHttpReply& reply, ECounter outcome);
  void FailDeferred(const CDeferredHttpReply& deferred);
  size_t MaxReplyBytes() const;

 private:
  struct SEntry {
    Handler p_handler = nullptr;
    bool isBlocking = false;
  };

  void RunHandler(const SEntry& entry, const SRouteTask& task);
  const CHttpSite& Site(uint16_t listener) const;
  // Appends the whole answer.
  void Append(std::string& to, const SHttpRequest& request, uint16_t listener, bool isLast, const CHttpNow& now,
              const SHttpReply& reply) const;
  void WriteLog(const SHttpRequest& request, uint16_t listener, const CHttpNow& now, const SPeer& peer,
                const SHttpReply& reply) const;

  CLogic& m_logic;
  std::map<std::string, SEntry, std::less<>> m_table;  // constant once started
  CLogLimit m_failLimit;
};

}  // namespace switchboard
