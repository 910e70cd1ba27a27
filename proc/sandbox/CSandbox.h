#pragma once

#include <string>
#include <string_view>

#include "misc/config/CSandboxWishes.h"
#include "net/config/CConfig.h"
#include "proc/sandbox/CPathFence.h"

namespace switchboard {

// Takes from a worker what it doesn't need to serve (server.sandbox), so that whoever gets hold of it has got little:
// no_new_privs, a filter of system calls, and a fence around its files.
// Threads: one, the first of the worker, before there are others: what they are allowed is what it is.
class CSandbox {
 public:
  // Both outlive the object.
  CSandbox(const SConfig& config, const CSandboxWishes& wishes) : m_config(config), m_wishes(wishes) {}

  // What of it this machine lacks, in words; empty: nothing.
  static std::string Missing();
  // What the workers get under this setting, in one line for the log.
  static std::string Describe(ESandbox setting);
  // What to add to the failure of a worker's start that is the sandbox's doing, by its words: who writes a logic meets
  // it there first. Empty for any other.
  static std::string Hint(ESandbox setting, std::string_view failure);

  // For good. Files may be read and written beneath the working directory (unless that is "/"), written in the folders
  // of the logs, and read or written as roots, [transfer] and the wishes say; of the system's, what libraries read.
  // Returns what couldn't be had, in words; empty: nothing. With "strict" throws std::runtime_error with one
  // line instead. To be called after the worker has opened what it is served through, and has become its user.
  std::string Enter() const;

 private:
  CPathFence BuildFence() const;
  void AllowSystem(CPathFence& fence) const;
  void AllowConfigured(CPathFence& fence) const;

  const SConfig& m_config;
  const CSandboxWishes& m_wishes;
};

}  // namespace switchboard
