package node

import (
	"context"

	incidents "bulwark/decide/incident"
	"bulwark/platform/ledger"
	"bulwark/respond/notify"
)

// What keeps somebody from being erased, and what else than identity knows of them.

// stands says what keeps somebody from being erased.
func (n *Node) stands(ctx context.Context, id, login string) (all []string, err error) {
	if n.access != nil {
		all = append(all, n.access.Obliged(id)...)
	}
	if n.incidents != nil {
		if r := n.incidents.Risk("user:" + login); r.Band != "none" {
			all = append(all, "investigation")
		}
		for _, c := range n.incidents.Cases(incidents.CaseQuery{Owner: ledger.Person(id), Limit: 500}).Items {
			if c.Status != incidents.Closed {
				all = append(all, "case")
				break
			}
		}
	}
	contacts, err := n.contactsOf(ctx, id)
	if len(contacts) > 0 {
		all = append(all, "on-call")
	}
	return all, err
}

// contactsOf are those on call who are somebody.
func (n *Node) contactsOf(ctx context.Context, id string) (all []*notify.Contact, err error) {
	if n.notify == nil {
		return nil, nil
	}
	v, err := n.notify.View(ctx)
	for _, c := range v.Contacts {
		if c.Person == id {
			all = append(all, c)
		}
	}
	return all, err
}

// forgetPerson has other rooms forget somebody who was erased.
func (n *Node) forgetPerson(ctx context.Context, by, id string, words []string) error {
	if n.access == nil {
		return nil
	}
	return n.access.Forget(ctx, by, id, words)
}

// knownOf is what other rooms know of somebody.
func (n *Node) knownOf(ctx context.Context, id, _ string) (map[string]any, error) {
	all := map[string]any{}
	contacts, err := n.contactsOf(ctx, id)
	if err != nil {
		return nil, err
	}
	if len(contacts) > 0 {
		all["on_call"] = contacts
	}
	if n.access != nil {
		if all["access"], err = n.access.OwnData(ctx, id); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// tellStaff tells what became of staff data as an event.
func (n *Node) tellStaff(actor, act, on string, count uint64) {
	if n.access != nil {
		n.access.Happened(actor, act, on, count)
	}
}
