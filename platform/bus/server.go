package bus

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// startServer starts a NATS server inside this process. It listens on no port, except for nodes that join, on which
// gate then decides.
func startServer(o Options, g *gate) (*server.Server, error) {
	so := &server.Options{ServerName: o.Name, DontListen: true, NoSigs: true, MaxPayload: maxPayload,
		JetStream: true, JetStreamDomain: o.Domain, StoreDir: o.Dir,
		JetStreamMaxMemory: 64 << 20, JetStreamMaxStore: o.MaxBytes + 1<<30,
		SyncAlways: o.SyncEvery == 0, SyncInterval: o.SyncEvery}
	if err := setLeafs(so, o, g); err != nil {
		return nil, err
	}
	ns, err := server.NewServer(so)
	if err != nil {
		return nil, fmt.Errorf("bus: %w", err)
	}
	if g != nil {
		g.server = ns
	}
	ns.SetLoggerV2(serverLog{o.Log}, false, false, false)
	ns.Start()
	if !ns.ReadyForConnections(30 * time.Second) {
		ns.Shutdown()
		return nil, errors.New("bus: the embedded server did not start within 30 seconds")
	}
	return ns, nil
}

// serverLog hands the server's log lines to the program's log: warnings and errors as they are, the rest for us.
type serverLog struct{ log *slog.Logger }

func (l serverLog) Noticef(format string, v ...any) { l.put(l.log.Debug, format, v) }
func (l serverLog) Warnf(format string, v ...any)   { l.put(l.log.Warn, format, v) }
func (l serverLog) Errorf(format string, v ...any)  { l.put(l.log.Error, format, v) }
func (l serverLog) Fatalf(format string, v ...any)  { l.put(l.log.Error, format, v) }
func (l serverLog) Debugf(format string, v ...any)  { l.put(l.log.Debug, format, v) }
func (l serverLog) Tracef(format string, v ...any)  { l.put(l.log.Debug, format, v) }

func (l serverLog) put(put func(string, ...any), format string, v []any) {
	put("bus server", "text", strings.TrimSpace(fmt.Sprintf(format, v...)))
}
