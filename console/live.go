package console

import (
	"encoding/json"
	"net/http"
	"time"

	"bulwark/platform/web"
)

// beat is how often a stream shows that it lives.
const beat = 5 * time.Second

// stream sends what happens to one page, until it closes, its session ends or the server stops. A page that comes
// back names the last message it has (Last-Event-ID) and is given those after it; where they are gone it is told
// "gap", and asks again for what it shows.
func (c *Console) stream(w http.ResponseWriter, r *http.Request) {
	me, missed, gap, ok := c.Live.join(r.Header.Get("Last-Event-ID"))
	if !ok {
		w.Header().Set("Retry-After", "30")
		web.JSON(w, http.StatusServiceUnavailable, refusal{Code: "too-many-streams", Message: sentence("too-many-streams", french(r))})
		return
	}
	defer c.Live.leave(me)
	s, err := web.OpenStream(w, r)
	if err != nil {
		refuse(w, r, err)
		return
	}
	if gap {
		err = s.Send("gap", "", []byte("{}"))
	}
	for _, m := range missed {
		if err == nil {
			err = s.Send(m.topic, c.Live.id(m), m.data)
		}
	}
	for tick := time.NewTicker(beat); err == nil; {
		select {
		case <-s.Done():
			return
		case m := <-me.out:
			err = s.Send(m.topic, c.Live.id(m), m.data)
		case <-tick.C:
			err = s.Send("beat", "", beatData(me.dropped.Load()))
		}
	}
}

// beatData tells the page how many messages it lost because it was too slow.
func beatData(dropped uint64) []byte {
	b, _ := json.Marshal(map[string]uint64{"dropped": dropped}) // numbers can always be encoded
	return b
}
