"""The arithmetic that every figure of the report goes through."""
import unittest

import cost


class Arithmetic(unittest.TestCase):
    def test_the_median_of_an_even_number_lies_between_the_two_in_the_middle(self):
        self.assertEqual(cost.median([9, 1, 3]), 3)
        self.assertEqual(cost.median([4, 1, 3, 9]), 3.5)

    def test_a_percentile_is_a_value_that_was_measured(self):
        values = list(range(1, 51))
        self.assertEqual(cost.percentile(values, 0.95), 48)
        self.assertEqual(cost.percentile([7], 0.95), 7)
        self.assertEqual(cost.percentile([3, 1, 2], 1.0), 3)

    def test_programs_one_after_the_other_take_the_time_of_both_and_the_memory_of_the_larger(self):
        first, second = {"cpu": 1.0, "wall": 2.0, "memory": 30.0}, {"cpu": 0.5, "wall": 0.5, "memory": 40.0}
        self.assertEqual(cost.add(first, second), {"cpu": 1.5, "wall": 2.5, "memory": 40.0})

    def test_the_memory_of_whoever_measures_does_not_count(self):
        held = bytearray(b"x" * (200 << 20))
        taken, _ = cost.run(["true"], "/")
        self.assertLess(taken["memory"], 100)
        self.assertEqual(len(held), 200 << 20)

    def test_a_program_that_fails_is_no_figure(self):
        with self.assertRaisesRegex(cost.Failed, "no such"):
            cost.run(["sh", "-c", "echo no such thing >&2; exit 3"], "/")


if __name__ == "__main__":
    unittest.main()
