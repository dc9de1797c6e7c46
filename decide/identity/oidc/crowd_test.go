package oidc

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/uptrace/bun"

	"bulwark/platform/db"
	"bulwark/platform/ledger"
)

// pushes pushes a request of a client from an address.
func (h *hall) pushes(from string, pairs ...string) int {
	form := url.Values{"redirect_uri": {"https://ward.example/back"}, "response_type": {"code"}, "scope": {"openid"}, "code_challenge_method": {"S256"},
		"code_challenge": {strings.Repeat("a", 43)}}
	for n := 0; n < len(pairs); n += 2 {
		form.Set(pairs[n], pairs[n+1])
	}
	r := httptest.NewRequest(http.MethodPost, "https://b.example/oidc/par", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.RemoteAddr = from
	w := httptest.NewRecorder()
	h.push(w, r)
	return w.Code
}

func TestAStrangerFillsNothingWithRequestsOfAPublicClient(t *testing.T) {
	h := newHall(t, Settings{})
	if _, _, err := h.Register(t.Context(), ledger.Host, "phone", "Phone", Settings{Redirects: []string{"https://ward.example/back"}, Auth: public}); err != nil {
		t.Fatal(err)
	}
	taken := 0
	for n := range 40 { // of one host, by another address each time
		if h.pushes(fmt.Sprintf("[2001:db8::%x]:4000", n+1), "client_id", "phone") == http.StatusCreated {
			taken++
		}
	}
	if taken != pushBurst || testutil.ToFloat64(h.crowd) != 10 {
		t.Errorf("40 from one place: %d taken, %v counted", taken, testutil.ToFloat64(h.crowd))
	}
	if got := h.pushes("192.0.2.7:4000", "client_id", "phone"); got != http.StatusCreated {
		t.Errorf("from elsewhere: %d", got)
	}
	for range pushBurst + 1 {
		if got := h.pushes("192.0.2.8:4000", "client_id", "ward", "client_secret", h.secret); got != http.StatusCreated {
			t.Fatalf("one that proves which it is: %d", got)
		}
	}
	if most := pushBurst + int((pushedLife+signInLife)/pushEvery); most >= manyPushed {
		t.Errorf("one place fills the table: %d", most)
	}
}

func TestTheOldestPushedRequestsMakeRoom(t *testing.T) {
	h := newHall(t, Settings{})
	var rows []*pushedRow
	for n := range manyPushed {
		rows = append(rows, &pushedRow{Hash: fmt.Sprintf("h%04d", n), Client: "ward", Ends: db.Time(h.clock.Now().Add(time.Minute + time.Duration(n)*time.Millisecond))})
	}
	rows = append(rows, &pushedRow{Hash: "other", Client: "other", Ends: db.Time(h.clock.Now().Add(time.Second))})
	err := h.DB.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewInsert().Model(&rows).Exec(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := h.pushes("192.0.2.8:4000", "client_id", "ward", "client_secret", h.secret); got != http.StatusCreated {
		t.Fatalf("pushing = %d", got)
	}
	var left []string
	if err := h.DB.Read().NewSelect().Model((*pushedRow)(nil)).Column("hash").Where("hash IN ('h0000', 'h0001', 'other')").OrderExpr("hash").Scan(t.Context(), &left); err != nil {
		t.Fatal(err)
	}
	if strings.Join(left, " ") != "h0001 other" {
		t.Errorf("left: %v", left)
	}
}
