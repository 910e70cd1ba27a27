#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "logic/site/CSiteFiles.h"
#include "misc/thread/CClock.h"
#include "net/config/SListenerConfig.h"
#include "net/http/CHttpPath.h"
#include "net/http/CHttpRange.h"
#include "net/http/SHttpRequest.h"
#include "net/site/CHttpSite.h"

namespace switchboard {

// Answers requests of one http listener with the files beneath its root. That takes two steps: what the path names
// (Cached, or else Lookup, which alone reads the disk), and the answer.
// Threads: any; requests and answers are the caller's own.
class CFileSite {
 public:
  // Throws std::system_error when the root of `listener` can't be opened.
  explicit CFileSite(const SListenerConfig& listener);

  // Whether files are answered to this method: to the others they say 405, whatever the path.
  static bool IsServed(EHttpMethod method) { return method == EHttpMethod::kGet || method == EHttpMethod::kHead; }

  // What the request is answered with, if that takes no system call; nullopt: do call Lookup, with path.Full().
  std::optional<SSiteEntry> Cached(const SHttpRequest& request, const CHttpPath& path, MonotonicTime now);
  // The same by the disk: blocks as long as that does, and needs nothing of the request. After Cached has said nullopt.
  SSiteEntry Lookup(std::string_view path, MonotonicTime now) { return m_files.Lookup(path, now); }
  // Answers with what was found, as the answers of `site` look.
  static void Answer(CHttpSite& site, const SHttpTask& task, const SSiteEntry& entry);

 private:
  static void AnswerFile(CHttpSite& site, const SHttpTask& task, const SServedFile& file);
  static void AnswerWhole(CHttpSite& site, const SHttpTask& task, const SServedFile& file);
  static void AddPart(const SHttpTask& task, const SServedFile& file, const SByteRange& part);

  // self-synchronised
  CSiteFiles m_files;
};

}  // namespace switchboard
