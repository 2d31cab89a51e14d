// The sla.yml that watches a demo company, with short slots so that something happens while one
// looks on. Beside it go the authority's certificate, the API token and the key
// of the SMS gateway, because secrets do not belong into a configuration. The company's help desk,
// if it has one, writes its tickets there too.
#pragma once

#include <expected>
#include <filesystem>
#include <string>

#include "exporter/demo/company.h"

namespace exporter::demo {

// `rule_files` is a pattern of rule files to evaluate; empty: none.
std::string config_text(const DemoCompany& company, const std::string& rule_files = {});

// Where the help desk of a company that is watched by `file` keeps its tickets.
std::filesystem::path ticket_file_beside(const std::filesystem::path& file);

// Writes the configuration to `file` and what it names (demo-ca.pem, demo-api.token, demo-sms.key)
// beside it; makes the folder if it is missing. The error names the file and the reason.
std::expected<void, std::string> write_config(const DemoCompany& company,
                                              const std::filesystem::path& file,
                                              const std::string& rule_files = {});

}  // namespace exporter::demo
