package bus

import "github.com/prometheus/client_golang/prometheus"

// metrics are the counters of one bus.
type metrics struct {
	batches, events, bytes *prometheus.CounterVec // by outcome: acknowledged, dropped, refused, spilled
	retries                prometheus.Counter
	waiting                prometheus.Gauge
	spilled                prometheus.Gauge
	handled                *prometheus.CounterVec // by subscriber
	failures               *prometheus.CounterVec
	missed                 *prometheus.CounterVec
	lag                    *prometheus.GaugeVec
	stored                 prometheus.Gauge
}

func newMetrics(r prometheus.Registerer) *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "bulwark", Subsystem: "bus", Name: name, Help: help}, labels)
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "bulwark", Subsystem: "bus", Name: name, Help: help}, labels)
	}
	batches := counter("batches_total", "Batches by what became of them.", "outcome")
	events := counter("events_total", "Events by what became of them.", "outcome")
	bytes := counter("bytes_total", "Compressed bytes by what became of them.", "outcome")
	retries := counter("retries_total", "Batches sent again because no acknowledgement came.")
	waiting := gauge("waiting_bytes", "Compressed bytes that wait in memory for the bus.")
	spilled := gauge("spilled_bytes", "Compressed bytes that wait in a file for the bus.")
	handled := counter("handled_batches_total", "Batches that a subscriber has handled.", "subscriber")
	failures := counter("handler_failures_total", "Batches that a subscriber could not handle and tries again.", "subscriber")
	missed := counter("missed_batches_total", "Batches removed from the bus before the subscriber had seen them.", "subscriber")
	lag := gauge("lag_batches", "Batches that wait for a subscriber.", "subscriber")
	stored := gauge("stored_bytes", "Bytes of the stream on disk.")
	if r != nil {
		r.MustRegister(batches, events, bytes, retries, waiting, spilled, handled, failures, missed, lag, stored)
	}
	return &metrics{batches, events, bytes, retries.WithLabelValues(), waiting.WithLabelValues(), spilled.WithLabelValues(),
		handled, failures, missed, lag, stored.WithLabelValues()}
}

// The outcomes of a batch.
const (
	acknowledged = "acknowledged"
	dropped      = "dropped" // no room anywhere
	refused      = "refused" // it can never be taken: malformed or too large
	spilled      = "spilled" // written to the file; counted again when it is acknowledged
)

func (m *metrics) count(outcome string, it *item) {
	m.batches.WithLabelValues(outcome).Inc()
	m.events.WithLabelValues(outcome).Add(float64(it.events))
	m.bytes.WithLabelValues(outcome).Add(float64(len(it.data)))
}
