package report

import "testing"

func TestListenerMetrics(t *testing.T) {
	const want = `# HELP gor_replay_listener_info Listeners connected, with their versions: 1 each.
# TYPE gor_replay_listener_info gauge
gor_replay_listener_info{listener="10.0.0.1:5",host="web\"7",version="v2"} 1
gor_replay_listener_info{listener="10.0.0.2:5",host="",version=""} 1
# HELP gor_replay_listener_account What listeners say of themselves, by the names of their own accounts.
# TYPE gor_replay_listener_account gauge
gor_replay_listener_account{listener="10.0.0.1:5",host="web\"7",account="sent"} 7
gor_replay_listener_account{listener="10.0.0.1:5",host="web\"7",account="lost"} 0
`
	all := []Listener{{Address: "10.0.0.1:5", Host: `web"7`, Version: "v2", Accounts: []ListenerAccount{{"sent", 7}, {"lost", 0}}}, {Address: "10.0.0.2:5"}}
	if got := string(appendListenerMetrics(nil, all)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
