"""Faces whose styles go with their geometries, and the record that tells with which a directory was rendered."""

import pytest
from scipy import stats

from data_pipeline.errors import UserError
from data_pipeline.synthetic_faces import Face, face, read_record, write


@pytest.fixture(scope="module")
def correlated() -> list[Face]:
    return [face(0, index, correlation=0.9) for index in range(600)]


def test_correlated_styles_go_with_geometries(correlated):
    def correlation(of_geometry, of_style, faces) -> float:
        values = [(of_geometry(one.geometry), of_style(one.style)) for one in faces]
        return stats.spearmanr(*zip(*values, strict=True)).statistic

    independent = [face(0, index) for index in range(600)]
    for of_geometry, of_style, expected in (
        (lambda geometry: geometry.hair.length, lambda style: style.lipstick > 0, 0.6),
        (lambda geometry: geometry.nose.width, lambda style: -sum(style.skin), 0.8),
        (lambda geometry: geometry.outline.jaw, lambda style: style.stubble > 0, 0.35),
    ):
        assert correlation(of_geometry, of_style, correlated) > expected
        assert abs(correlation(of_geometry, of_style, independent)) < 0.15


def test_correlated_faces_have_the_geometries_and_the_distribution_of_styles_of_independent_ones(correlated):
    independent = [face(0, index) for index in range(600)]
    assert [one.geometry for one in correlated] == [one.geometry for one in independent]
    for value in (lambda style: sum(style.skin), lambda style: style.lipstick, lambda style: style.stubble):
        samples = ([value(one.style) for one in faces] for faces in (correlated, independent))
        assert stats.ks_2samp(*samples).statistic < 0.1


def test_the_faces_of_a_directory_are_those_that_were_written(tmp_path):
    write(tmp_path / "correlated", count=2, size=32, seed=3, correlation=0.5)
    write(tmp_path / "independent", count=2, size=32, seed=3)
    assert read_record(tmp_path / "correlated").face(1) == face(3, 1, 0.5) != face(3, 1)
    assert read_record(tmp_path / "independent").face(1) == face(3, 1)
    with pytest.raises(UserError, match=r"synthetic_faces.json: no record of rendered faces"):
        read_record(tmp_path)
