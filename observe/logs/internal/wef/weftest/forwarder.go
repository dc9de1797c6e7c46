package weftest

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
)

// Forwarder is the service of a machine that reads one channel and forwards it: it takes up subscriptions that it does not know or that
// have another version, begins where their bookmark says, and goes on only when a delivery is acknowledged.
type Forwarder struct {
	*Machine
	Channel string
	Events  []string // of the channel; the first has number 1
	Batch   int      // events of one delivery
	Taken   int      // subscriptions that it took up, anew or for the first time

	version string
	offer   *Offer
	next    int // number of the event to deliver next
}

var bookmarked = regexp.MustCompile(`RecordId="(\d+)"`)

// Refresh asks for subscriptions, and takes up that of a name where it changed.
func (f *Forwarder) Refresh(ctx context.Context, name string) error {
	a, err := f.Enumerate(ctx)
	if err != nil {
		return err
	}
	for n := range a.Offers {
		o := &a.Offers[n]
		if o.Option("SubscriptionName") != name || o.Version == f.version {
			continue
		}
		f.offer, f.version = o, o.Version
		f.Taken++
		f.next = len(f.Events) + 1
		if m := bookmarked.FindStringSubmatch(o.Bookmark.XML); m != nil {
			last, err := strconv.Atoi(m[1])
			if err != nil {
				return err
			}
			f.next = last + 1
		} else if o.Bookmark.XML != "" {
			f.next = 1
		}
	}
	if f.offer == nil {
		return fmt.Errorf("no subscription %q among %d, status %d", name, len(a.Offers), a.Status)
	}
	return nil
}

// Forward delivers what there is. It stops at a delivery that is not acknowledged, and sends it again next time.
func (f *Forwarder) Forward(ctx context.Context) error {
	for f.next <= len(f.Events) {
		last := min(f.next+f.Batch-1, len(f.Events))
		a, err := f.Deliver(ctx, f.offer, Bookmark(f.Channel, last), f.Events[f.next-1:last]...)
		if err != nil {
			return err
		}
		if a.Status != http.StatusOK || a.Action != wsman+"Ack" {
			return fmt.Errorf("status %d, %s %s", a.Status, a.Action, a.Fault)
		}
		f.next = last + 1
	}
	return nil
}

// Bookmark says how far a channel was delivered.
func Bookmark(channel string, record int) string {
	return fmt.Sprintf(`<BookmarkList><Bookmark Channel="%s" RecordId="%d" IsCurrent="true"/></BookmarkList>`, channel, record)
}

// Logon is an event of a machine's Security log.
func Logon(machine string, record int) string {
	return fmt.Sprintf(`<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-Security-Auditing' `+
		`Guid='{54849625-5478-4994-a5ba-3e3b0328c30d}'/><EventID>4624</EventID><Version>2</Version><Level>0</Level><Task>12544</Task><Opcode>0</Opcode>`+
		`<Keywords>0x8020000000000000</Keywords><TimeCreated SystemTime='2026-11-23T03:%02d:%02d.1234567Z'/><EventRecordID>%d</EventRecordID>`+
		`<Correlation/><Execution ProcessID='588' ThreadID='652'/><Channel>Security</Channel><Computer>%s</Computer><Security/></System><EventData>`+
		`<Data Name='SubjectUserSid'>S-1-5-18</Data><Data Name='SubjectUserName'>-</Data><Data Name='TargetUserName'>m.durand</Data>`+
		`<Data Name='TargetDomainName'>CHU</Data><Data Name='TargetLogonId'>0x3e7</Data><Data Name='LogonType'>3</Data>`+
		`<Data Name='LogonProcessName'>Kerberos</Data><Data Name='AuthenticationPackageName'>Kerberos</Data><Data Name='WorkstationName'>-</Data>`+
		`<Data Name='LogonGuid'>{4d8e7b3a-1111-2222-3333-444455556666}</Data><Data Name='ProcessId'>0x0</Data><Data Name='ProcessName'>-</Data>`+
		`<Data Name='IpAddress'>10.20.3.44</Data><Data Name='IpPort'>50211</Data></EventData></Event>`, record/60%60, record%60, record, machine)
}
