package console

import "net/http"

// decisions is [Console.search] of what was decided about access, and of nothing else: for whoever looks after those who decide, and
// to whom the network is not shown.
func (c *Console) decisions(w http.ResponseWriter, r *http.Request) {
	c.list(w, r, "kind:access")
}
