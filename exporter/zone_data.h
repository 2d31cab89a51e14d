// Which version of the time zone data this machine has. It is one of the terms (docs/accounting.md,
// rule 15), because it decides where months are cut. Read once, when the program starts: zones that
// were loaded stay as they were loaded until it ends.
#pragma once

#include <filesystem>
#include <string>

namespace exporter {

// Where zones are read from: $TZDIR, else /usr/share/zoneinfo.
std::filesystem::path zone_data_folder();

// "2025b", as the first line of tzdata.zi (Debian) or the file +VERSION (built from source) says;
// "unknown" when neither does.
std::string zone_data_version(const std::filesystem::path& folder);

}  // namespace exporter
