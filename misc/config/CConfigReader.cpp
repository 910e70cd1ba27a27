#include "misc/config/CConfigReader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <sstream>
#include <system_error>
#include <utility>

#include "misc/file/CFd.h"

namespace switchboard {

namespace {

std::string Show(const toml::node& node) {
  if (node.is_table()) return "a table";
  if (node.is_array()) return "an array";
  std::ostringstream text;
  text << toml::toml_formatter(node, toml::format_flags::allow_unicode_strings);
  return text.str();
}

SConfigValue Convert(const toml::node& node) {
  SConfigValue value;
  value.shown = Show(node);
  value.line = node.source().begin.line;
  if (const auto* p_table = node.as_table()) {
    auto& table = value.value.emplace<SConfigValue::Table>();
    for (const auto& [name, entry] : *p_table) table.push_back({std::string(name.str()), Convert(entry)});
  } else if (const auto* p_array = node.as_array()) {
    auto& list = value.value.emplace<SConfigValue::List>();
    for (const toml::node& item : *p_array) list.push_back(Convert(item));
  } else if (const auto flag = node.value_exact<bool>()) {
    value.value = *flag;
  } else if (const auto whole = node.value_exact<int64_t>()) {
    value.value = *whole;
  } else if (const auto real = node.value_exact<double>()) {
    value.value = *real;
  } else if (auto text = node.value_exact<std::string>()) {
    value.value = std::move(*text);
  }
  return value;
}

std::string TextOf(const std::string& file) {
  const CFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  std::array<char, 16384> block;
  ssize_t bytes = fd.IsValid() ? 1 : -1;
  while (bytes > 0) {
    bytes = ::read(fd.Get(), block.data(), block.size());
    if (bytes > 0) text.append(block.data(), static_cast<size_t>(bytes));
  }
  if (bytes < 0) throw CConfigError(fmt::format("{}: can't be read: {}", file, std::system_category().message(errno)));
  return text;
}

toml::table ParseFile(const std::string& file) {
  const std::string text = TextOf(file);
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    throw CConfigError(fmt::format("{}:{}: {}", file, error.source().begin.line, error.description()));
  }
}

// The value of an override.
SConfigValue ParseValue(std::string_view where, const std::string& text) {
  try {
    const toml::table parsed = toml::parse("value = " + text);
    if (parsed.size() == 1) return Convert(*parsed.get("value"));
  } catch (const toml::parse_error& error) {
    const bool isMeantAsToml = !text.empty() && std::string_view("\"'[{").find(text[0]) != std::string_view::npos;
    if (isMeantAsToml) CConfigReader::Fail(where, error.description(), "a TOML value, or a bare word");
  }
  return Convert(toml::value<std::string>(text));
}

std::string KeysOf(const SConfigSection& section) {
  std::string names;
  for (const SConfigKey& key : section.keys) names += (names.empty() ? "" : ", ") + key.name;
  return names;
}

}  // namespace

CConfigReader::CConfigReader(const CConfigSchema& schema) {
  for (const auto& p_section : schema.Sections()) {
    SSection& section = m_values.m_sections.emplace_back(SSection{p_section, {}});
    if (!p_section->isList) section.tables.push_back(p_section->make());
  }
}

void CConfigReader::Fail(std::string_view where, std::string_view complaint, std::string_view allowed) {
  std::string line = fmt::format("{}: {}; allowed: {}", where, complaint, allowed);
  // The name of a key may hold anything; the message stays one line.
  std::replace_if(
      line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, '?');
  throw CConfigError(line);
}

const std::string* CConfigReader::Where(const std::string& path) const {
  const auto found = m_where.find(path);
  return found == m_where.end() ? nullptr : &found->second;
}

CConfigReader::SSection* CConfigReader::Find(std::string_view section) {
  for (SSection& one : m_values.m_sections) {
    if (one.p_section->name == section) return &one;
  }
  return nullptr;
}

std::string CConfigReader::WhereInFile(const SConfigValue& value, std::string_view path) const {
  return fmt::format("{}:{}: {}", m_file, value.line, path);
}

std::string CConfigReader::AllSections() const {
  std::string names;
  for (const SSection& section : m_values.m_sections) {
    names += (names.empty() ? "" : ", ") + section.p_section->name;
  }
  return names;
}

void CConfigReader::ReadFile(const std::string& file) {
  m_file = file;
  if (file.empty()) return;
  const SConfigValue contents = Convert(ParseFile(file));
  for (const SConfigEntry& entry : *contents.As<SConfigValue::Table>()) {
    SSection* const p_section = Find(entry.name);
    if (p_section == nullptr) Fail(WhereInFile(entry.value, entry.name), "unknown section", AllSections());
    ReadSection(*p_section, entry.value);
  }
}

void CConfigReader::ReadSection(SSection& section, const SConfigValue& value) {
  if (section.p_section->isList) {
    ReadList(section, value);
  } else {
    ReadTable(section, 0, section.p_section->name, value);
  }
}

void CConfigReader::ReadList(SSection& section, const SConfigValue& value) {
  const std::string& name = section.p_section->name;
  const auto* const p_list = value.As<SConfigValue::List>();
  const bool areTables = p_list != nullptr && !p_list->empty() &&
                         std::all_of(p_list->begin(), p_list->end(), [](const SConfigValue& item) {
                           return item.As<SConfigValue::Table>() != nullptr;
                         });
  if (!areTables) {
    Fail(WhereInFile(value, name), value.IsNot("a list of tables"), fmt::format("[[{}]], once for each", name));
  }
  for (const SConfigValue& table : *p_list) {
    const std::string path = fmt::format("{}.{}", name, section.tables.size());
    AddTable(section, WhereInFile(table, path));
    ReadTable(section, section.tables.size() - 1, path, table);
  }
}

void CConfigReader::ReadTable(SSection& section, size_t table, const std::string& path, const SConfigValue& value) {
  const auto* const p_table = value.As<SConfigValue::Table>();
  if (p_table == nullptr) {
    Fail(WhereInFile(value, path), value.IsNot("a table"), fmt::format("[{}]", section.p_section->name));
  }
  for (const SConfigEntry& entry : *p_table) {
    const std::string fullPath = fmt::format("{}.{}", path, entry.name);
    if (SSection* const p_inner = Find(fullPath); p_inner != nullptr) {
      ReadSection(*p_inner, entry.value);
      continue;
    }
    Set(section, table, entry.name, fullPath, WhereInFile(entry.value, fullPath), entry.value);
  }
}

void CConfigReader::Set(SSection& section, size_t table, const std::string& key, const std::string& path,
                        const std::string& where, const SConfigValue& value) {
  const SConfigKey* const p_key = section.p_section->Find(key);
  if (p_key == nullptr) Fail(where, "unknown key", KeysOf(*section.p_section));
  const ConfigComplaint complaint = p_key->set(value, section.tables[table].get());
  if (complaint) Fail(where, *complaint, p_key->allowed);
  m_where.insert_or_assign(path, where);
}

void CConfigReader::Override(const std::string& text) {
  const std::string where = "--set " + text;
  const size_t equals = text.find('=');
  if (equals == std::string::npos) Fail(where, "there is no value", "KEY=VALUE, such as business.threads=2");
  const std::string path = text.substr(0, equals);
  const SConfigValue value = ParseValue(where, text.substr(equals + 1));
  size_t dot = path.size();
  SSection* p_section = Find(path);
  while (p_section == nullptr && dot != 0 && (dot = path.rfind('.', dot - 1)) != std::string::npos) {
    p_section = Find(std::string_view(path).substr(0, dot));
  }
  if (p_section == nullptr) Fail(where, "unknown key", AllSections());
  std::string key = dot == path.size() ? "" : path.substr(dot + 1);
  size_t table = 0;
  if (p_section->p_section->isList && dot != path.size()) {
    const size_t second = key.find('.');
    table = TableIndex(*p_section, where, std::string_view(key).substr(0, second));
    key = second == std::string::npos ? "" : key.substr(second + 1);
  }
  Set(*p_section, table, key, path, where, value);
}

size_t CConfigReader::TableIndex(SSection& section, const std::string& where, std::string_view digits) {
  const size_t count = section.tables.size();
  const std::string& name = section.p_section->name;
  size_t index = 0;
  const auto [p_end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
  if (error != std::errc() || p_end != digits.data() + digits.size() || index > count) {
    Fail(where, fmt::format("there is no such {}", name),
         fmt::format("{}.N with N in 0..{}, {} adds one", name, count, count));
  }
  if (index == count) AddTable(section, where);
  return index;
}

void CConfigReader::AddTable(SSection& section, const std::string& where) {
  m_where.emplace(fmt::format("{}.{}", section.p_section->name, section.tables.size()), where);
  section.tables.push_back(section.p_section->make());
}

void CConfigReader::AddDefaultTable(const std::string& list) {
  SSection* const p_section = Find(list);
  if (p_section == nullptr || !p_section->tables.empty()) return;
  AddTable(*p_section, list + ".0");
  for (const SConfigKey& key : p_section->p_section->keys) {
    if (key.isRequired) m_where.emplace(fmt::format("{}.0.{}", list, key.name), list + ".0." + key.name);
  }
}

CConfigValues CConfigReader::Finish() {
  for (const SSection& section : m_values.m_sections) {
    for (const SConfigKey& key : section.p_section->keys) {
      for (size_t i = 0; key.isRequired && i < section.tables.size(); ++i) {
        const std::string path = fmt::format("{}.{}", section.p_section->name, i);
        if (m_where.contains(path + "." + key.name)) continue;
        Fail(m_where.at(path), key.name + " is missing", key.allowed);
      }
    }
  }
  return std::move(m_values);
}

}  // namespace switchboard
