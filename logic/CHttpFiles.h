#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "logic/CModule.h"

namespace switchboard {

class CFileSite;
struct SListenerConfig;

// Serves the files beneath the `root` of http listeners, to requests that no route takes: docs/HTTP.md. A logic that
// uses none has one, for every listener; one that wants files on some of its listeners only says so in its constructor:
//
//   Use<CHttpFiles>().OnlyOn("public");
//
// Threads: as CModule.
class CHttpFiles final : public CModule {
 public:
  CHttpFiles();
  ~CHttpFiles() override;

  // Binds it to the [[listener]] with this name, which must speak HTTP; called again, to several. On the others no file
  // is served, whatever their root is. Returns itself. Threads: the constructor's of the logic.
  CHttpFiles& OnlyOn(std::string_view listener);

  // What isn't cached is looked up in this pool, and not where other handlers with Run::kBlocking run. Returns itself.
  // Threads: the constructor's of the logic.
  CHttpFiles& RunOn(const Pool& pool);

  // For CModuleSet. Open throws std::system_error when the root can't be opened; what it returns lives as long as this.
  const CBinding& Binding() const { return m_binding; }
  CFileSite& Open(const SListenerConfig& listener);

 private:
  CBinding m_binding;
  std::vector<std::unique_ptr<CFileSite>> m_sites;
};

}  // namespace switchboard
