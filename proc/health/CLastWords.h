#pragma once

#include <exception>

#include "misc/CLog.h"
#include "misc/count/SLastWords.h"

namespace switchboard {

// Has a process say why it ends itself when nobody has caught an exception, or memory has run out: the runtime says so
// on a standard error that a daemon doesn't have. The process ends as it would have done. The innermost one counts.
// Threads: made and destroyed while the process has one thread; std::terminate by any.
class CLastWords {
 public:
  // Of a worker: left for its master, which tells them together with the end. What is given outlives it.
  explicit CLastWords(SLastWords& words);
  // Of a process that nobody waits for: an alert in its log.
  explicit CLastWords(CLog& log);
  ~CLastWords();
  CLastWords(const CLastWords&) = delete;
  CLastWords& operator=(const CLastWords&) = delete;

 private:
  CLastWords(SLastWords* p_words, CLog* p_log);

  SLastWords* const m_p_wordsBefore;
  CLog* const m_p_logBefore;
  const std::terminate_handler m_before;
};

}  // namespace switchboard
