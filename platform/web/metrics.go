package web

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// NewMetrics makes the registry that /metrics shows, with the figures of the process and the Go runtime in it.
// Rooms add their own under the prefix bulwark_.
func NewMetrics() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// meter counts requests.
type meter struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	inFlight prometheus.Gauge
}

func newMeter(r prometheus.Registerer) (*meter, error) {
	m := &meter{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bulwark_http_requests_total", Help: "Requests answered.",
		}, []string{"route", "method", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "bulwark_http_request_seconds", Help: "Time from a request to the end of its answer.",
			Buckets: []float64{.001, .005, .025, .1, .5, 1, 5, 30},
		}, []string{"route"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "bulwark_http_requests_in_flight", Help: "Requests being answered.",
		}),
	}
	return m, errors.Join(r.Register(m.requests), r.Register(m.seconds), r.Register(m.inFlight))
}

// observe names the route by its pattern, so that the number of series is the number of routes.
func (m *meter) observe(r *http.Request, status int, took time.Duration) {
	m.requests.WithLabelValues(route(r), method(r), strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(route(r)).Observe(took.Seconds())
}
