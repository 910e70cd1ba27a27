#include "misc/config/CConfigValues.h"

#include <algorithm>
#include <boost/core/demangle.hpp>
#include <stdexcept>

namespace switchboard {

namespace {

bool AreEqual(const SConfigSection& section, const void* p_one, const void* p_other) {
  return std::all_of(section.keys.begin(), section.keys.end(),
                     [&](const SConfigKey& key) { return key.show(p_one) == key.show(p_other); });
}

}  // namespace

const CConfigValues::SSection& CConfigValues::Find(std::type_index type) const {
  for (const SSection& section : m_sections) {
    if (section.p_section->type == type) return section;
  }
  throw std::logic_error("no section of the configuration was declared for the type " +
                         boost::core::demangle(type.name()) + ": a public, static Describe of the logic declares it");
}

std::vector<std::string> CConfigValues::KeepFixed(const CConfigValues& running) {
  std::vector<std::string> ignored;
  for (const SSection& fresh : m_sections) {
    if (fresh.p_section->isList) continue;
    const SSection& before = running.Find(fresh.p_section->type);
    KeepFixed(*fresh.p_section, before.tables[0].get(), fresh.tables[0].get(), ignored);
  }
  return ignored;
}

void CConfigValues::KeepFixed(const SConfigSection& section, const void* p_running, void* p_fresh,
                              std::vector<std::string>& ignored) {
  for (const SConfigKey& key : section.keys) {
    if (!key.isFixed || key.show(p_running) == key.show(p_fresh)) continue;
    key.copy(p_fresh, p_running);
    ignored.push_back(section.name + "." + key.name);
  }
}

bool CConfigValues::operator==(const CConfigValues& other) const {
  return std::equal(m_sections.begin(), m_sections.end(), other.m_sections.begin(), other.m_sections.end(),
                    [](const SSection& a, const SSection& b) {
                      return a.p_section->name == b.p_section->name &&
                             std::equal(a.tables.begin(), a.tables.end(), b.tables.begin(), b.tables.end(),
                                        [&](const auto& p_one, const auto& p_other) {
                                          return AreEqual(*a.p_section, p_one.get(), p_other.get());
                                        });
                    });
}

}  // namespace switchboard
