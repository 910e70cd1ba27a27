#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "logic/CModule.h"
#include "logic/site/CFileSite.h"
#include "misc/CLog.h"
#include "net/network/SServerLinks.h"
#include "net/site/CHttpHandlers.h"
#include "net/wire/Counters.h"

namespace switchboard {

// The handlers of one http listener: those of routes, and of files for what no route takes. Runs that of a request's
// path, and sends and counts what it answers.
// Threads: Add and SetFiles by the worker's main thread before the start; the rest as CHttpHandlers.
class CRouteTable final : public CHttpHandlers {
 public:
  // `links` outlives it.
  explicit CRouteTable(const SServerLinks& links) : m_links(links) {}

  // `pool` is the number of the handler's. Throws std::logic_error when the path has a handler, or another route fits
  // the same paths.
  void Add(CModule& module, const CModule::SRoute& route, uint8_t pool);
  // Answers with `files`, which outlives it, what no route takes; `pool` is that of who may wait for the disk. Throws
  // std::logic_error when it has files.
  void SetFiles(CFileSite& files, uint8_t pool);
  bool HasFiles() const { return m_p_files != nullptr; }

  // False when the connection takes nothing any more; counts `outcome`, or the discarding.
  bool Answer(const SRouteTask& task, const SHttpReply& reply, ECounter outcome);
  // The same for a request that was deferred; lets go of the request before its end, with which a stop may go on.
  bool AnswerDeferred(CDeferral& deferral, CHttpSite& site, std::shared_ptr<const CBlock> p_posted,
                      const SHttpReply& reply, ECounter outcome);
  // The same with 500, when whoever deferred it has given no answer; `cause` is why, for the log.
  void FailDeferred(CDeferral& deferral, CHttpSite& site, std::shared_ptr<const CBlock> p_posted,
                    std::string_view cause);
  size_t MaxReplyBytes() const;
  // Why a reply can't be sent, with the mend, in words that live for ever; empty: it can.
  std::string_view RefusalOf(const SHttpReply& reply) const;

  // The number of the route for this path (decoded, "/" first); nullopt when there is none.
  std::optional<uint32_t> Find(std::string_view path) const;

  // CHttpHandlers: numbers are those of routes, and kFiles.
  std::optional<uint32_t> Take(CHttpSite& site, const SHttpTask& task, const CHttpPath& path,
                               MonotonicTime now) override;
  uint16_t RefusalOf(const SHttpRequest& request, const CHttpPath& path) const override;
  uint8_t PoolOf(uint32_t handler) const override { return handler == kFiles ? m_filePool : m_entries[handler].pool; }
  void Run(uint32_t handler, SRouteTask& task) override;

 private:
  static constexpr uint32_t kFiles = UINT32_MAX;

  void LogFailure(std::string_view path, std::string_view cause);

  struct SEntry {
    CModule* p_module;
    CModule::RouteHandler p_handler;
    uint8_t pool;
    bool isBlocking;
    std::string path;  // of the route: a CRoutePattern
  };

  void RunRoute(uint32_t route, SRouteTask& task);
  void RunFiles(SRouteTask& task);

  // constant once started
  const SServerLinks& m_links;
  CFileSite* m_p_files = nullptr;  // none: what no route takes is not there
  uint8_t m_filePool = 0;
  std::map<std::string, uint32_t, std::less<>> m_numbers;
  std::vector<SEntry> m_entries;     // by number
  std::vector<uint32_t> m_patterns;  // the numbers of those with names in them
};

}  // namespace switchboard
