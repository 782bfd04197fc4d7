import pytest
from tests.kb.filled import *
from tests.factories.organization import *
from kb.models import *
pytestmark = pytest.mark.django_db

def test_it(client, django_assert_max_num_queries):
    dep = make_department("kiki", name="危機管理部")
    unit = make_unit("bosai", name="防災課", parent=dep)
    me = make_staff(unit, login="me"); make_staff(unit, head=True, title="課長")
    for i in range(20): make_municipality(name=f"町{i}")
    for i in range(5): Theme.objects.create(code=f"t{i}", label=f"分野{i}")
    client.force_login(me.user)
    for url in ("/write/","/write/questions/","/write/questions/?time=short&people=team&event=trouble","/write/new/kpt/"):
        with django_assert_max_num_queries(15):
            r=client.get(url); assert r.status_code==200, url
    for key in FILLED:
        r=client.post(f"/write/new/{key}/"); assert r.status_code==302
        with django_assert_max_num_queries(15) as c:
            r2=client.get(r.url); assert r2.status_code==200
        print(key, len(c.captured_queries), r.url)
        d=Draft.objects.latest("pk")
        r=press(client,d,"publish",filled(key,me))
        if r.status_code!=302:
            import re; print(re.findall(r'<li>.*?</li>|error-summary.*?</ul>', r.content.decode(), re.S)[:5])
        assert r.status_code==302, key
        r=client.get(r.url); assert r.status_code==200
