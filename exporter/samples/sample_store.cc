#include "exporter/samples/sample_store.h"

#include <utility>

#include "exporter/metrics/names.h"

namespace exporter {
namespace {

constexpr std::int64_t kRetireEvery = 10 * 60'000;  // milliseconds

std::unexpected<std::string> sentence(const LedgerError& error) {
  return std::unexpected(error.message);
}

}  // namespace

std::vector<rules::series::Keep> kept_samples(const Retention& retention) {
  const auto milliseconds = [](Duration kept) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(kept).count();
  };
  std::vector<rules::series::Keep> keep = {{"", milliseconds(retention.samples)}};
  for (std::string_view prefix : kShortLivedPrefixes) {
    keep.push_back({std::string(prefix), milliseconds(retention.probe_samples)});
  }
  return keep;
}

SampleStore::SampleStore(SampleStoreOptions options) : options_(std::move(options)) {
  options_.store.log = !options_.folder.empty();
  store_ = std::make_unique<rules::series::Store>(options_.store);
}

std::expected<void, std::string> SampleStore::open() {
  if (options_.folder.empty()) return {};
  auto file = SampleFile::open(options_.folder);
  if (!file && file.error().kind == LedgerError::Kind::damaged) {
    aside_ = SampleFile::set_aside(options_.folder);
    file = SampleFile::open(options_.folder);
  }
  if (!file) return sentence(file.error());
  file_ = *std::move(file);
  return {};
}

std::expected<void, std::string> SampleStore::load(std::vector<std::string>& warnings) {
  if (!file_) return {};
  auto read = this->read(warnings);
  if (!read && read.error().kind == LedgerError::Kind::damaged) {
    file_.reset();
    aside_ = SampleFile::set_aside(options_.folder);
    auto anew = SampleFile::open(options_.folder);
    if (!anew) return sentence(anew.error());
    file_ = *std::move(anew);
    read = {};
  }
  if (!read) {
    file_.reset();
    return sentence(read.error());
  }
  if (!aside_.empty()) warnings.push_back(std::exchange(aside_, {}));
  store_->start_log();
  behind_ = true;  // the first save is a checkpoint and begins a log of its own
  return {};
}

LedgerResult<void> SampleStore::read(std::vector<std::string>& warnings) {
  auto documents = file_->read_documents();
  if (!documents) return std::unexpected(documents.error());
  std::size_t refused = 0;
  std::string why;
  const auto log = file_->read_samples([&](std::string_view block) {
    const rules::series::Loaded loaded = store_->load(block);
    if (loaded.ok) return;
    ++refused;
    why = loaded.why;
  });
  if (!log) return std::unexpected(log.error());
  const rules::series::Replayed replayed = store_->replay(*log);
  if (refused > 0) {
    warnings.push_back(std::to_string(refused) +
                       " blocks of samples were not read and are missing from now on: " + why);
  }
  if (replayed.torn) {
    warnings.push_back("the log of samples ends in a damaged record; it is left out");
  }
  documents_ = *std::move(documents);
  return {};
}

bool SampleStore::checkpoint_due(std::int64_t at) const {
  return behind_ || at - last_checkpoint_ >= options_.checkpoint_every ||
         log_bytes_ >= options_.checkpoint_log_bytes;
}

std::expected<void, std::string> SampleStore::finish_tick(std::int64_t at,
                                                          std::vector<DocumentChange> documents) {
  store_->commit(at);
  if (at - last_retire_ >= kRetireEvery) {
    last_retire_ = at;
    store_->retire(at);
    if (file_) (void)file_->expire(at);  // what cannot be removed now is removed next time
  }
  if (!file_) return {};
  for (auto& [key, value] : documents) unsaved_documents_.insert_or_assign(key, std::move(value));
  return save(at, checkpoint_due(at));
}

std::expected<void, std::string> SampleStore::close(std::int64_t at) {
  if (!file_) return {};
  return save(at, true);
}

std::expected<void, std::string> SampleStore::save(std::int64_t at, bool checkpoint) {
  SampleSave save;
  save.log = store_->take_log();
  save.documents.assign(unsaved_documents_.begin(), unsaved_documents_.end());
  if (checkpoint) {
    for (rules::series::Block& block : store_->take_sealed()) {
      unsaved_sealed_.push_back(std::move(block));
    }
    save.checkpoint = true;
    save.sealed = unsaved_sealed_;
    save.open = store_->checkpoint();
    save.log.clear();  // all of it stands in the blocks
    store_->start_log();
  }
  if (!checkpoint && save.log.empty() && save.documents.empty()) return {};
  if (auto saved = file_->save(save); !saved) {
    behind_ = true;
    return sentence(saved.error());
  }
  unsaved_documents_.clear();
  if (checkpoint) {
    unsaved_sealed_.clear();
    last_checkpoint_ = at;
    log_bytes_ = 0;
    behind_ = false;
  }
  log_bytes_ += save.log.size();
  return {};
}

}  // namespace exporter
