import asyncio
import threading

import pytest

from serving.together import Together


class Work:
    """Doubles numbers; the first batch is held until it is let go."""

    def __init__(self):
        self.batches, self.began, self.go = [], threading.Event(), threading.Event()

    def __call__(self, numbers):
        self.batches.append(list(numbers))
        self.began.set()
        assert self.go.wait(10)
        if 13 in numbers:
            raise ConnectionError("the store is gone")
        return [ValueError(number) if number < 0 else number * 2 for number in numbers]


async def asked_while_busy(work, *numbers, **settings):
    """What is told to some who ask while another one is being answered."""
    together = Together(work, **settings)
    first = asyncio.create_task(together.ask(0))
    await asyncio.to_thread(work.began.wait)
    others = [asyncio.create_task(together.ask(number)) for number in numbers]
    await asyncio.sleep(0)
    work.go.set()
    told = await asyncio.gather(first, *others, return_exceptions=True)
    together.close()
    return told


def test_whoever_asks_while_another_one_is_answered_goes_next_and_together():
    work = Work()
    assert asyncio.run(asked_while_busy(work, 1, 2, 3)) == [0, 2, 4, 6]
    assert work.batches == [[0], [1, 2, 3]]


def test_a_long_queue_is_answered_in_parts():
    work = Work()
    asyncio.run(asked_while_busy(work, *range(1, 6), most=2))
    assert work.batches == [[0], [1, 2], [3, 4], [5]]


def test_an_error_of_one_is_told_to_that_one():
    told = asyncio.run(asked_while_busy(Work(), 1, -1, 2))
    assert [type(one) for one in told] == [int, int, ValueError, int]


def test_an_error_of_the_work_is_told_to_the_batch_and_the_next_is_answered():
    told = asyncio.run(asked_while_busy(Work(), 1, 13, 2, 3, most=2))
    assert [type(one) for one in told] == [int, ConnectionError, ConnectionError, int, int]


def test_a_caller_that_goes_away_takes_nobody_with_it():
    async def story():
        work, together = (work := Work()), Together(work)
        first = asyncio.create_task(together.ask(0))
        await asyncio.to_thread(work.began.wait)
        impatient, patient = (asyncio.create_task(together.ask(number)) for number in (1, 2))
        await asyncio.sleep(0)
        impatient.cancel()
        work.go.set()
        with pytest.raises(asyncio.CancelledError):
            await impatient
        assert await asyncio.gather(first, patient) == [0, 4]

    asyncio.run(story())


def test_under_load_a_batch_waits_a_moment_for_those_who_were_just_answered():
    async def story(lingers):
        work = Work()
        together = Together(work, lingers=lingers)
        first = asyncio.create_task(together.ask(0))
        await asyncio.to_thread(work.began.wait)
        soon = [asyncio.create_task(together.ask(number)) for number in (1, 2)]
        await asyncio.sleep(0)
        work.go.set()
        await asyncio.gather(first, *soon)
        # The first to come again is not worked at alone; a lone one waits no longer than it has to.
        await asyncio.gather(together.ask(3), together.ask(4))
        together.close()
        return work.batches

    assert asyncio.run(story(lingers=30.0)) == [[0], [1, 2], [3, 4]]


def test_nobody_comes_again_and_the_wait_ends():
    work = Work()
    assert asyncio.run(asked_while_busy(work, 1, 2, lingers=0.01)) == [0, 2, 4]


def test_closing_answers_whoever_still_waits():
    async def story():
        work, together = (work := Work()), Together(work)
        asked = [asyncio.create_task(together.ask(number)) for number in (0, 1, 2)]
        await asyncio.to_thread(work.began.wait)
        closing = asyncio.create_task(asyncio.to_thread(together.close))
        work.go.set()
        assert await asyncio.gather(*asked) == [0, 2, 4]
        await closing

    asyncio.run(story())


def test_callers_on_several_event_loops_are_answered_each_on_its_own():
    work = Work()
    work.go.set()
    together, told = Together(work), {}
    threads = [
        threading.Thread(target=lambda n=number: told.update({n: asyncio.run(together.ask(n))})) for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == {number: number * 2 for number in range(8)}
