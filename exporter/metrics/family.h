// A metric family as prometheus-cpp's Collectable, that can also be collected in pieces: the page
// writer asks for some hundred series at a time, writes them and reuses their memory. Anybody else
// calls Collect() and gets the whole family, as with any Collectable.
//
// Immutable; reads an immutable snapshot or atomics, so any thread may collect.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "exporter/metrics/names.h"
#include "exporter/metrics/series.h"

namespace exporter {

class Family : public prometheus::Collectable {
 public:
  explicit Family(const MetricName& name) : name_(name) {}

  const MetricName& name() const { return name_; }
  // Adds the series of some more items, from item `at` on, and moves `at`. False after the last.
  virtual bool collect_some(std::size_t& at, SeriesPool& out) const = 0;
  std::vector<prometheus::MetricFamily> Collect() const override;

 protected:
  static constexpr std::size_t kPiece = 256;  // series a piece, give or take one item's

 private:
  const MetricName& name_;
};

// The type that prometheus-cpp knows for a kind; an info is a gauge to it.
prometheus::MetricType type_of(MetricKind kind);

// A family with the series of a list of items. `add` puts the series of one item into the pool.
// `owner` keeps the list alive.
template <class Items, class Add>
class ListFamily : public Family {
 public:
  ListFamily(const MetricName& name, std::shared_ptr<const void> owner, const Items& items, Add add)
      : Family(name), owner_(std::move(owner)), items_(items), add_(std::move(add)) {}

  bool collect_some(std::size_t& at, SeriesPool& out) const override {
    const std::size_t enough = out.size() + kPiece;
    while (at < items_.size() && out.size() < enough) add_(items_[at++], out);
    return at < items_.size();
  }

 private:
  std::shared_ptr<const void> owner_;
  const Items& items_;
  Add add_;
};

// A family that is made in one go: the program's own figures.
template <class Add>
class SingleFamily : public Family {
 public:
  SingleFamily(const MetricName& name, Add add) : Family(name), add_(std::move(add)) {}

  bool collect_some(std::size_t&, SeriesPool& out) const override {
    add_(out);
    return false;
  }

 private:
  Add add_;
};

}  // namespace exporter
