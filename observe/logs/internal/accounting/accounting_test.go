package accounting

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"bulwark/event"
	"bulwark/observe/logs/internal/intake/intaketest"
	"bulwark/platform/pseudonym"
	"bulwark/wire/radius"
)

const secret = "s3cret"

func attribute(kind byte, value string) []byte {
	return append([]byte{kind, byte(len(value) + 2)}, value...)
}

// start is what a NAS tells when a user came in: the parts that the tests change are beside.
func start(id byte, more ...[]byte) []byte {
	all := [][]byte{attribute(40, "\x00\x00\x00\x01"), attribute(1, "nurse3"), attribute(4, "\x0a\x00\x00\x01"), attribute(44, "S1"),
		attribute(8, "\x0a\x01\x02\x03"), attribute(31, "00-10-A4-23-19-C0"), attribute(30, "00-10-A4-00-00-01:Ward")}
	return request4(id, append(all, more...)...)
}

// request4 is an Accounting-Request, signed where it has room for that.
func request4(id byte, all ...[]byte) []byte {
	p := append([]byte{4, id, 0, 0}, make([]byte, 16)...)
	p = append(p, bytes.Join(all, nil)...)
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
	attributes(p, func(kind byte, value []byte, at int) {
		if kind == messageAuthenticator {
			copy(p[at:], signature(p, []byte(secret)))
		}
	})
	h := md5.New()
	h.Write(p)
	h.Write([]byte(secret))
	copy(p[4:], h.Sum(nil))
	return p
}

func open(t *testing.T, from string) *Intake {
	t.Helper()
	i, err := New(Options{Listen: "127.0.0.1:0", Patients: func() *pseudonym.Pseudonyms { return pseudonym.New([32]byte{1}) },
		Clients: []Client{{netip.MustParsePrefix(from), []byte(secret)}}})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// exchange sends messages one after the other, and returns the answers to those that are answered: want of them.
func exchange(t *testing.T, i *Intake, sink *intaketest.Sink, want int, all ...[]byte) (answers [][]byte) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	c, err := net.Dial("udp", i.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	go func() { ended <- i.Run(ctx, sink) }()
	for _, p := range all {
		if _, err := c.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	_ = c.SetReadDeadline(time.Now().Add(time.Minute))
	for range want {
		p := make([]byte, maxLen)
		n, err := c.Read(p)
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, p[:n])
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	return answers
}

func TestWhoIsThereIsToldAndAnswered(t *testing.T) {
	i, sink := open(t, "127.0.0.0/8"), &intaketest.Sink{}
	p := start(7, attribute(proxyState, "proxy"), attribute(messageAuthenticator, strings.Repeat("\x00", 16)))
	a := exchange(t, i, sink, 1, p)[0]
	if a[0] != byte(radius.AccountingResponse) || a[1] != 7 || !bytes.Contains(a, attribute(proxyState, "proxy")) {
		t.Errorf("got %x", a)
	}
	h := md5.New()
	h.Write(a[:4])
	h.Write(p[4:20])
	h.Write(a[20:])
	h.Write([]byte(secret))
	if !bytes.Equal(h.Sum(nil), a[4:20]) {
		t.Errorf("the answer is not made with the secret: %x", a)
	}
	all := sink.Records()
	if len(all) != 2 {
		t.Fatalf("got %d records, want what the NAS tells and which device is there", len(all))
	}
	e := all[0].Event.Payload.(*event.RADIUS)
	if e.User != "nurse3" || e.Status != "start" || e.IP != "10.1.2.3" || e.MAC != "00:10:a4:23:19:c0" || e.SSID != "Ward" || e.NAS != "10.0.0.1" {
		t.Errorf("got %+v", e)
	}
	if d := all[1].Event.Payload.(*event.Asset); d.MAC != "00:10:a4:23:19:c0" || d.User != "nurse3" || all[1].Event.Src.String() != "10.1.2.3" {
		t.Errorf("got %+v", d)
	}
}

func TestWhatComesAgainIsToldOnce(t *testing.T) {
	i, sink := open(t, "127.0.0.0/8"), &intaketest.Sink{}
	exchange(t, i, sink, 3, start(1), start(1), start(2, attribute(acctDelay, "\x00\x00\x00\x05")))
	if all := sink.Records(); len(all) != 2 || i.Refused()[reasonAgain] != 2 {
		t.Errorf("got %d records, %v", len(all), i.Refused())
	}
}

func TestNothingIsAnsweredThatIsNotSafe(t *testing.T) {
	i, sink := open(t, "127.0.0.0/8"), &intaketest.Sink{Room: 1}
	status := request4(3)
	status[0] = byte(radius.StatusServer)
	status = append(status, attribute(messageAuthenticator, strings.Repeat("\x00", 16))...)
	status[3] = byte(len(status))
	copy(status[22:], signature(status, []byte(secret)))
	i.hand(t.Context(), sink, []request{{p: start(1), from: netip.MustParseAddrPort("127.0.0.1:9")}})
	if i.Refused()[reasonFull] != 1 || len(i.seen) != 0 {
		t.Errorf("got %v, %d known", i.Refused(), len(i.seen))
	}
	a := exchange(t, i, sink, 1, status)[0]
	if a[0] != byte(radius.AccountingResponse) || a[1] != 3 || !signatureFits(a, []byte(secret), status[4:20]) || len(sink.Records()) != 0 {
		t.Errorf("a question whether somebody is here: got %x, %d records", a, len(sink.Records()))
	}
}

func TestMessagesThatAreRefused(t *testing.T) {
	other := start(1)
	other[4] ^= 1
	forged := start(1, attribute(messageAuthenticator, strings.Repeat("\x00", 16)))
	at := bytes.Index(forged, []byte{messageAuthenticator, 18})
	forged[at+2] ^= 1
	h := md5.New()
	h.Write(forged[:4])
	h.Write(make([]byte, 16))
	h.Write(forged[20:])
	h.Write([]byte(secret))
	copy(forged[4:], h.Sum(nil))
	access := start(1)
	access[0] = byte(radius.AccessRequest)
	beyond := start(1)
	beyond[21] = 200
	for _, c := range []struct {
		does, from string
		p          []byte
		want       string
	}{
		{"another secret", "127.0.0.1", other, reasonSecret},
		{"another Message-Authenticator", "127.0.0.1", forged, reasonSecret},
		{"a sign-on", "127.0.0.1", access, reasonCode},
		{"a message that ends early", "127.0.0.1", start(1)[:30], reasonMalformed},
		{"attributes that do not fit", "127.0.0.1", beyond, reasonMalformed},
		{"a stranger", "192.0.2.1", start(1), reasonStranger},
	} {
		i := open(t, "127.0.0.0/8")
		if _, ok := i.check(c.p, netip.AddrPortFrom(netip.MustParseAddr(c.from), 1)); ok || i.Refused()[c.want] != 1 {
			t.Errorf("%s: got %v, want %s", c.does, i.Refused(), c.want)
		}
		_ = i.conn.Close()
	}
}

// TestRadclient sends with the client of FreeRADIUS, which looks whether the answer was made with the secret.
func TestRadclient(t *testing.T) {
	program, err := exec.LookPath("radclient")
	if err != nil {
		t.Skip("radclient (freeradius-utils) is not installed")
	}
	i, sink := open(t, "127.0.0.0/8"), &intaketest.Sink{}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- i.Run(ctx, sink) }()
	for _, kind := range []string{"acct", "status"} {
		c := exec.CommandContext(ctx, program, "-x", "-r", "2", i.Addr().String(), kind, secret)
		c.Stdin = strings.NewReader("Acct-Status-Type=Stop,User-Name=\"bob\",Acct-Session-Id=\"A1\",NAS-IP-Address=10.0.0.1,Framed-IP-Address=10.1.1.1," +
			"Acct-Input-Octets=100,Acct-Session-Time=60,Message-Authenticator=0x00\n")
		if out, err := c.CombinedOutput(); err != nil || !strings.Contains(string(out), "Accounting-Response") {
			t.Errorf("%s: %v: %s", kind, err, out)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	all := sink.Records()
	if len(all) != 1 {
		t.Fatalf("got %d records, refused %v", len(all), i.Refused())
	}
	if e := all[0].Event.Payload.(*event.RADIUS); e.User != "bob" || e.Status != "stop" || e.BytesIn != 100 || e.Duration != 60 || !e.Signed {
		t.Errorf("got %+v", e)
	}
}

func FuzzCheck(f *testing.F) {
	f.Add(start(1, attribute(messageAuthenticator, strings.Repeat("\x00", 16)), attribute(proxyState, "x")))
	f.Fuzz(func(t *testing.T, p []byte) {
		i := &Intake{opt: Options{Clients: []Client{{netip.MustParsePrefix("0.0.0.0/0"), []byte(secret)}}}, reader: reader{patients: pseudonym.New([32]byte{1})}}
		if len(p) >= headLen && whole(p[headLen:]) {
			_ = answer(p, []byte(secret))
			_ = fmt.Sprint(sum(p, netip.Addr{}), hex.EncodeToString(p))
		}
		_, _ = i.check(p, netip.MustParseAddrPort("10.0.0.1:1"))
	})
}
