#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "misc/config/CConfigSchema.h"
#include "misc/config/CConfigValues.h"
#include "misc/config/SConfigValue.h"

namespace switchboard {

// Reads a TOML file and `KEY=VALUE` overrides ("business.threads=2", "listener.0.port=9001") into the sections of a
// schema, and remembers where each key was set, for whoever checks keys against each other.
// Threads: one owner.
class CConfigReader {
 public:
  // The schema outlives the reader.
  explicit CConfigReader(const CConfigSchema& schema);

  // Throws CConfigError. An empty name means no file.
  void ReadFile(const std::string& file);
  // Adds a table with the defaults to the list when it has none: also where a key is required.
  void AddDefaultTable(const std::string& list);
  // A VALUE is TOML, or, when it isn't, a bare string. "listener.N.KEY", where N is the number of listeners so far,
  // adds a listener. Throws CConfigError.
  void Override(const std::string& text);
  // Everything that was read. Throws CConfigError when a required key is missing. Call once.
  CConfigValues Finish();

  // The beginning of a message about "limits.packet_bytes", "listener.0.port" or "listener.0", or nullptr when it has
  // its default.
  const std::string* Where(const std::string& path) const;
  [[noreturn]] static void Fail(std::string_view where, std::string_view complaint, std::string_view allowed);

 private:
  using SSection = CConfigValues::SSection;

  SSection* Find(std::string_view section);
  std::string WhereInFile(const SConfigValue& value, std::string_view path) const;
  std::string AllSections() const;
  void ReadSection(SSection& section, const SConfigValue& value);
  void ReadList(SSection& section, const SConfigValue& value);
  // `path` is how the messages name the section: "server", "listener.0".
  void ReadTable(SSection& section, size_t table, const std::string& path, const SConfigValue& value);
  void Set(SSection& section, size_t table, const std::string& key, const std::string& path, const std::string& where,
           const SConfigValue& value);
  // Of "listener.N"; adds the table if it is the next one.
  size_t TableIndex(SSection& section, const std::string& where, std::string_view digits);
  void AddTable(SSection& section, const std::string& where);

  std::string m_file;
  CConfigValues m_values;
  std::map<std::string, std::string> m_where;
};

}  // namespace switchboard
