// The page of tickets for the operator: who waits and until when, how the months stand, and how far
// the help desks were read. It names tickets, so it is for those who may log in; the server asks
// for a user here as on the other pages. Works without scripts. Any thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "exporter/snapshot.h"
#include "exporter/web/server.h"

namespace exporter {

// "/tickets". The function may return null before the first commit.
Route tickets_page_route(std::function<std::shared_ptr<const Snapshot>()> snapshot);

std::string tickets_page(const Snapshot* snapshot);

}  // namespace exporter
